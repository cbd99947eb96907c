// Erasing a person from the log: what they are named in goes, and where from and why of what they did; the chain stays
// and says which events lost theirs.
import { afterAll, beforeAll, expect, test } from "vitest";
import { audit } from "#lib/adapters/audit";
import type { TenantContext } from "#lib/adapters/db";
import { erasedIds } from "#lib/domain/audit/verify";
import { verifyLive } from "#lib/commands/audit/verify-live";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeTenant } from "#lib/testing/make";

const ANN = "11111111-1111-4111-8111-111111111111";
const BOB = "22222222-2222-4222-8222-222222222222";
let db: TestDatabase;
let tenants: string[];

beforeAll(async () => {
  db = await testDatabase();
  tenants = [(await makeTenant(db)).id, (await makeTenant(db)).id];
});
afterAll(() => db.close());

const write = (tenant: number, actor: string, subject?: string) => {
  const context: TenantContext = { tenantId: tenants[tenant] ?? "", actorId: actor, trace: { from: "192.0.2.7" } };
  return db.appDb.withTenant(context, (tx) =>
    audit(tx, context, {
      action: "person.disable",
      target: "person:x",
      body: {},
      ...(subject ? { personal: { subject, body: { name: "Ann" } } } : {}),
    }),
  );
};
const erase = (tenant: number, subject: string, request = "request-7") => {
  const context = { tenantId: tenants[tenant] ?? "", actorId: BOB };
  return db.workerDb.withTenant(
    context,
    (tx) => tx.$queryRaw<{ n: number }[]>`SELECT audit.erase(${subject}, ${request})::int AS n`,
  );
};
const left = async (tenant: number) =>
  (await db.sql<{ id: string }>("SELECT event_id::text AS id FROM audit.pii WHERE tenant_id = $1", [tenants[tenant]]))
    .map((r) => r.id)
    .sort();
const erasures = (tenant: number) =>
  db.sql<{ body: string; target: string; actor: string }>(
    "SELECT body, target, actor::text FROM audit.event WHERE tenant_id = $1 AND action = 'gdpr.erased' ORDER BY at",
    [tenants[tenant]],
  );

test("what is about a person goes, and what they did loses where from; others and other tenants keep theirs", async () => {
  const about = await write(0, BOB, `person:${ANN}`);
  const byAnn = await write(0, ANN);
  const byBob = await write(0, BOB);
  const elsewhere = await write(1, ANN);
  expect(await erase(0, `person:${ANN}`)).toEqual([{ n: 2 }]);
  expect(await left(0)).toEqual([byBob]);
  expect(await left(1)).toEqual([elsewhere]);
  const [row] = await erasures(0);
  expect(erasedIds(row?.body ?? "").sort()).toEqual([about, byAnn].sort());
  expect(row).toMatchObject({ target: "request:request-7", actor: BOB });
  expect(row?.body).not.toMatch(/Ann|192\.0\.2|11111111/);
  const ask = (sql: string, params: unknown[] = []) => db.sql(sql, params) as never;
  expect(await verifyLive({ ask, tenantId: tenants[0] ?? "", keys: null, now: 0 })).toMatchObject({ findings: [] });
});

test("a second time there is nothing to erase, and that too has its row; 1,200 events are named in three rows of at most 500", async () => {
  expect(await erase(1, "person:nobody", "request-8")).toEqual([{ n: 0 }]);
  await db.sql(
    `WITH e AS (SELECT gen_random_uuid() AS id FROM generate_series(1, 1200)), p AS (INSERT INTO audit.pii SELECT $1::uuid, id, 'person:many', sha256('x'), '{}' FROM e)
     INSERT INTO audit.event (id, tenant_id, actor, action, target, body, pii_commit) SELECT id, $1::uuid, $2, 'server.change', 's', '{}', sha256('\\x02'::bytea || sha256('x') || convert_to('{}', 'UTF8')) FROM e`,
    [tenants[1], BOB],
  );
  expect(await erase(1, "person:many", "request-9")).toEqual([{ n: 1200 }]);
  const sizes = (await erasures(1)).map((r) => erasedIds(r.body).length);
  expect(sizes).toEqual([0, 500, 500, 200]);
  const ask = (sql: string, params: unknown[] = []) => db.sql(sql, params) as never;
  expect(await verifyLive({ ask, tenantId: tenants[1] ?? "", keys: null, now: 0 })).toMatchObject({ findings: [] });
});

test.each([
  ["a name that is none", "person:1", "my neighbour asked"],
  ["a subject that is empty", "", "request-1"],
])("%s is refused, and nothing is written", async (_what, subject, request) => {
  const before = (await erasures(0)).length;
  await expect(erase(0, subject, request)).rejects.toThrow(/22023|has 1 to 200|is named by/);
  expect(await erasures(0)).toHaveLength(before);
});
