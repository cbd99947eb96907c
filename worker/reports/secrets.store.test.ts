// The inventory over real rows: every kind of stored secret with its age, its key and whoever may use it, and no value.
import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { places, secretBox } from "#lib/adapters/secrets";
import { type SecretFault, secretFaults } from "#lib/domain/secret-inventory";
import { lastSecretReport, secretInventory } from "#lib/queries/secret-inventory";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeRegion, makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { testSettings } from "#lib/testing/settings";
import { makeReports } from "./weekly.ts";

const NOW = new Date("2026-11-21T10:00:00Z");
const DAY = 24 * 3_600_000;
const box = secretBox(randomBytes(32));
let db: TestDatabase;
let tenantId: string;
let putAway = () => {};
beforeAll(async () => {
  db = await testDatabase();
  putAway = testSettings(db);
  tenantId = (await makeTenant(db)).id;
  // Of a week before somebody was there, there is nothing to say.
  await db.sql("UPDATE tenant SET created_at = '2026-01-01' WHERE id = $1", [PLATFORM_TENANT]);
  for (const region of ["fra", "iad", "off"]) await makeRegion(db, region);
  await db.sql("UPDATE region SET enabled = false WHERE name = 'off'");
});
afterAll(async () => {
  putAway();
  await db.close();
});

const read = <T>(tenant: string, fn: Parameters<typeof db.appDb.withTenant<T>>[1]) =>
  db.appDb.withTenant({ tenantId: tenant, actorId: randomUUID(), readOnly: true }, fn);
const sealed = async (place: Parameters<typeof box.seal>[1]) =>
  Buffer.from(await box.seal(db.workerDb, place, "canary-value"));
const credential = async (serverId: string, region: string, days: number) =>
  db.sql(
    "INSERT INTO server_credential (tenant_id, server_id, region, kind, header_name, sealed, created_at) VALUES ($1, $2, $3, 'bearer', 'Authorization', $4, $5)",
    [
      tenantId,
      serverId,
      region,
      await sealed(places.serverCredential(tenantId, serverId, region)),
      new Date(NOW.getTime() - days * DAY),
    ],
  );

test("names each secret's age, key and holders, finds what is wrong, reports it once a quarter, and holds no value", async () => {
  const [everywhere, one] = [await makeServer(db, tenantId), await makeServer(db, tenantId)];
  await db.sql("UPDATE server SET regions = '{iad}' WHERE id = $1", [one]);
  await credential(everywhere, "", 10);
  await credential(one, "", 91);
  await credential(one, "off", 1);
  const [sink, gone] = [randomUUID(), randomUUID()];
  for (const id of [sink, gone])
    await makeSink(db, tenantId, { id, kind: "webhook", sealed: await sealed(places.sink(tenantId, id)) });
  await db.sql("UPDATE sink SET updated_at = $2 WHERE tenant_id = $1", [tenantId, NOW]);
  await db.sql("UPDATE sink SET removed_at = $2 WHERE id = $1", [gone, NOW]);

  const found = await read(PLATFORM_TENANT, secretInventory);
  const seen = found.map((s) => ({
    id: s.id,
    holders: s.holders,
    key: s.kekId === null ? null : "known",
    faults: secretFaults(s, NOW.getTime()),
  }));
  const row = (id: string, holders: string[], ...faults: SecretFault[]) => ({ id, holders, key: "known", faults });
  expect(seen).toHaveLength(5);
  expect(seen).toEqual(
    expect.arrayContaining([
      row(everywhere, ["fra", "iad"]),
      row(one, ["iad"], "overdue", "unused"),
      row(`${one}/off`, [], "no_grant"),
      row(sink, ["worker"]),
      row(gone, ["worker"], "no_grant"),
    ]),
  );
  expect(JSON.stringify(found)).not.toContain("canary");

  await makeReports(db.workerDb, NOW);
  await makeReports(db.workerDb, new Date(NOW.getTime() + 20 * DAY));
  const report = () => read(PLATFORM_TENANT, (tx) => lastSecretReport(tx, PLATFORM_TENANT));
  expect(await report()).toEqual({ madeAt: NOW.getTime(), lookedAt: 5, faults: 3 });
  const next = new Date("2027-01-01T00:30:00Z");
  await makeReports(db.workerDb, next);
  expect(await report()).toMatchObject({ madeAt: next.getTime(), lookedAt: 5 });
  const [text] = await db.sql<{ t: string }>("SELECT string_agg(findings::text, '') AS t FROM weekly_report");
  expect(text?.t).not.toContain("canary");
});

test("a tenant sees nothing of it, not even its own part", async () => {
  expect(await read(tenantId, secretInventory)).toEqual([]);
});
