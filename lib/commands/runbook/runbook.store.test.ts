import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Actor, execute } from "#lib/commands/command";
import { givenRunbook, RUNBOOK_BYTES } from "#lib/domain/runbook";
import { portalRunbook } from "#lib/queries/portal/runbooks";
import { runbook, runbooks } from "#lib/queries/runbooks";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeTenant } from "#lib/testing/make";
import { removeRunbook } from "./remove.ts";
import { saveRunbook } from "./save.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

const somebody = async (): Promise<Actor> => {
  const personId = randomUUID();
  await db.sql(
    "INSERT INTO person (id, issuer, subject, name, groups, created_at, last_seen_at) VALUES ($1::uuid, 'https://i', $1::text, 'Ana', '{}', now(), now())",
    [personId],
  );
  return { personId, name: "Ana", tenantId: (await makeTenant(db)).id, layers: ["operator"] };
};
const look = <T>(ana: Actor, ask: Parameters<typeof db.appDb.withTenant<T>>[1]) =>
  db.appDb.withTenant({ tenantId: ana.tenantId, actorId: ana.personId, readOnly: true }, ask);
const save = (ana: Actor, body: string) => execute(db.appDb, saveRunbook, ana, { reason: "timeout", body });

test("a tenant's own words hold from the moment they are saved, for this tenant and this reason alone", async () => {
  const [ana, other] = [await somebody(), await somebody()];
  expect(await look(ana, (tx) => runbook(tx, "timeout"))).toMatchObject({
    body: givenRunbook("timeout"),
    own: false,
    version: 0,
    versions: [],
  });
  await save(ana, "1. Ask the night desk.");
  expect(await look(ana, (tx) => runbook(tx, "timeout"))).toMatchObject({
    body: "1. Ask the night desk.",
    own: true,
    version: 1,
    versions: [{ version: 1, by: "Ana" }],
  });
  expect((await look(ana, (tx) => runbooks(tx))).filter((r) => r.own).map((r) => r.reason)).toEqual(["timeout"]);
  expect((await look(other, (tx) => runbook(tx, "timeout"))).body).toBe(givenRunbook("timeout"));
});

test("who wrote what stays to be read, also after the given one holds again; customers are not told who", async () => {
  const ana = await somebody();
  await save(ana, "first");
  await save(ana, "second");
  await execute(db.appDb, removeRunbook, ana, { reason: "timeout" });
  const now = await look(ana, (tx) => runbook(tx, "timeout"));
  expect(now).toMatchObject({ own: false, version: 3, body: givenRunbook("timeout") });
  expect(now.versions.map((v) => [v.version, v.by, v.body])).toEqual([
    [3, "Ana", null],
    [2, "Ana", "second"],
    [1, "Ana", "first"],
  ]);
  const theirs = await look(ana, (tx) => portalRunbook(tx, "timeout"));
  expect(JSON.stringify(theirs)).not.toContain("Ana");
  expect(await db.sql("SELECT action FROM audit.event WHERE tenant_id = $1 ORDER BY at, id", [ana.tenantId])).toEqual(
    expect.arrayContaining([{ action: "runbook.save" }, { action: "runbook.remove" }]),
  );
});

test("saving what it says already, and going back from nothing, change nothing and say so", async () => {
  const ana = await somebody();
  await expect(save(ana, givenRunbook("timeout"))).rejects.toMatchObject({ code: "E_STATE" });
  await expect(execute(db.appDb, removeRunbook, ana, { reason: "timeout" })).rejects.toMatchObject({ code: "E_STATE" });
  await expect(save(ana, "a".repeat(RUNBOOK_BYTES + 1))).rejects.toMatchObject({ code: "E_INVALID", field: "body" });
  await expect(execute(db.appDb, saveRunbook, ana, { reason: "__proto__", body: "x" })).rejects.toMatchObject({
    code: "E_INVALID",
    field: "reason",
  });
  expect(await db.sql("SELECT 1 FROM runbook WHERE tenant_id = $1", [ana.tenantId])).toEqual([]);
});

test("of ten who write at once each has a version of its own", async () => {
  const ana = await somebody();
  await Promise.all(Array.from({ length: 10 }, (_, i) => save(ana, `text ${i}`)));
  const rows = await db.sql("SELECT version FROM runbook WHERE tenant_id = $1 ORDER BY version", [ana.tenantId]);
  expect(rows.map((r) => r.version)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});
