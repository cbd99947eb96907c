// The weekly reports: of the week that is over, once, with ids instead of words and names.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { audit } from "#lib/adapters/audit";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { daysAfter, weekOf } from "#lib/domain/utc-day";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeTenant } from "#lib/testing/make";
import { testSettings } from "#lib/testing/settings";
import { makeReports } from "./weekly.ts";

let db: TestDatabase;
let forget: () => void;
/** Rows take the database's own time: its week is the one that is reported, from the Monday after. */
let week: string;
let monday: Date;

beforeAll(async () => {
  db = await testDatabase();
  forget = testSettings(db);
  const [row] = await db.sql<{ at: Date }>("SELECT clock_timestamp() AS at");
  week = weekOf(row?.at.getTime() ?? 0);
  monday = new Date(`${daysAfter(week, 7)}T00:00:00Z`);
});
beforeEach(async () => {
  await db.sql("DELETE FROM weekly_report");
});
afterAll(async () => {
  forget();
  await db.close();
});

const said = (tenantId: string, actor: string, why: string, action = "role.change") => {
  const context = { tenantId, actorId: actor, trace: { why } };
  return db.appDb.withTenant(context, (tx) => audit(tx, context, { action, target: "x:1", body: {} }));
};
const reports = (kind: string, tenantId: string) =>
  db.sql("SELECT week, looked_at, findings FROM weekly_report WHERE kind = $1 AND tenant_id = $2", [kind, tenantId]);

async function person(groups: string[], more: { issuer?: string; subject?: string; disabled?: boolean } = {}) {
  const id = randomUUID();
  await db.sql(
    `INSERT INTO person (id, issuer, subject, name, groups, created_at, last_seen_at, disabled_at)
     VALUES ($1, $2, $3, 'Ada', $4, '2026-01-01', $5, $6)`,
    [id, more.issuer ?? "http://127.0.0.1:1", more.subject ?? id, groups, monday, more.disabled ? monday : null],
  );
  return id;
}

test("weak reasons of the week are listed by their rows, without their words; good ones are only counted", async () => {
  const { id } = await makeTenant(db);
  const [ann, ben] = [randomUUID(), randomUUID()];
  await said(id, ann, "The identity team renames its groups this week, ticket 4711.");
  const weak = await said(id, ben, "test test testing 123 test this");
  expect(await makeReports(db.workerDb, monday)).toBeGreaterThan(0);
  expect(await reports("weak_reasons", id)).toEqual([
    {
      week,
      looked_at: 2,
      findings: [{ id: weak, day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/), faults: ["placeholder"] }],
    },
  ]);
});

test("the same again by one person, and by several, is weak however good it reads", async () => {
  const { id } = await makeTenant(db);
  const [ann, ben, cem] = [randomUUID(), randomUUID(), randomUUID()];
  for (let n = 0; n < 3; n++) await said(id, ann, "The identity team renames its groups.");
  for (const who of [ann, ben, cem]) await said(id, who, "Customer asked for help with the form, ticket 12.");
  await makeReports(db.workerDb, monday);
  const [row] = await reports("weak_reasons", id);
  const faults = ((row?.findings ?? []) as { faults: string[] }[]).map((f) => f.faults.join());
  expect(faults.sort()).toEqual(["copied", "copied", "copied", "own_again", "own_again", "own_again"]);
});

test("what was erased is not looked at", async () => {
  const { id } = await makeTenant(db);
  const event = await said(id, randomUUID(), "test test testing 123 test this");
  await db.sql("DELETE FROM audit.pii WHERE event_id = $1", [event]);
  await makeReports(db.workerDb, monday);
  expect(await reports("weak_reasons", id)).toMatchObject([{ looked_at: 0, findings: [] }]);
});

test.each([
  ["on Sunday the week is not over: the one before is reported", -1, -7],
  ["on the Monday after", 0, 0],
  ["the Sunday after that, when the worker stood still", 6 * 86_400_000, 0],
])("%s", async (_, ms, days) => {
  const { id } = await makeTenant(db);
  await makeReports(db.workerDb, new Date(monday.getTime() + ms));
  expect(await reports("weak_reasons", id)).toMatchObject([{ week: daysAfter(week, days) }]);
});

test("of a week before the tenant was there, nothing is said", async () => {
  const { id } = await makeTenant(db);
  await db.sql("UPDATE tenant SET created_at = $2 WHERE id = $1", [id, monday]);
  await makeReports(db.workerDb, monday);
  expect(await reports("weak_reasons", id)).toEqual([]);
});

test("each is made once, also by two workers at the same time", async () => {
  const { id } = await makeTenant(db);
  await Promise.all([makeReports(db.workerDb, monday), makeReports(db.workerDb, monday)]);
  expect(await makeReports(db.workerDb, monday)).toBe(0);
  expect(await reports("weak_reasons", id)).toHaveLength(1);
  expect(await reports("role_drift", PLATFORM_TENANT)).toHaveLength(1);
});

test("role drift is the installation's, and reads use from each tenant's own log", async () => {
  const { id, slug } = await makeTenant(db);
  const [works, idle, left] = [
    await person([`tocsin-operator-${slug}`]),
    await person([`tocsin-operator-${slug}`]),
    await person([]),
  ];
  const gone = await person([`tocsin-operator-${slug}`], { disabled: true });
  await db.sql(
    "INSERT INTO session (id, token_hash, person_id, created_at, last_seen_at, expires_at, user_agent) VALUES ($1, sha256('x'), $2, $3, $3, $4, '')",
    [randomUUID(), gone, monday, new Date(monday.getTime() + 3_600_000)],
  );
  await said(id, works, "A reason that nobody minds here.");
  await said(id, left, "A reason that nobody minds here.");
  // Signing in is no use of a role.
  await said(PLATFORM_TENANT, idle, "", "session.sign_in");
  await makeReports(db.workerDb, monday);
  const [row] = await reports("role_drift", PLATFORM_TENANT);
  const findings = (row?.findings ?? []) as { kind: string; personId?: string; what?: string }[];
  expect(findings).toContainEqual({ kind: "few_roots", what: "0" });
  expect(findings).toContainEqual({ kind: "disabled_session", personId: gone });
  expect(findings).toContainEqual({ kind: "not_used", personId: idle, what: `operator of ${slug}` });
  expect(findings).toContainEqual({ kind: "used_not_held", personId: left, what: slug });
  expect(findings.some((f) => f.personId === works)).toBe(false);
});

test("a person whose directory says otherwise is named", async () => {
  const { slug } = await makeTenant(db);
  const who = await person([`tocsin-customer-${slug}`], { subject: "sub-1" });
  await db.sql(
    "INSERT INTO scim_user (id, external_id, user_name, created_at, updated_at) VALUES ($1, 'sub-1', 'ada', $2, $2)",
    [randomUUID(), monday],
  );
  await makeReports(db.workerDb, monday);
  const [row] = await reports("role_drift", PLATFORM_TENANT);
  expect(row?.findings).toContainEqual({ kind: "directory_differs", personId: who, what: "none" });
});

test("the worker may neither change nor delete a report, and no tenant reads another's", async () => {
  const [one, other] = [await makeTenant(db), await makeTenant(db)];
  await makeReports(db.workerDb, monday);
  const context = { tenantId: one.id, actorId: randomUUID() };
  for (const sql of ["UPDATE weekly_report SET looked_at = 0", "DELETE FROM weekly_report"])
    await expect(db.workerDb.withTenant(context, (tx) => tx.$executeRawUnsafe(sql))).rejects.toThrow(
      /permission denied/,
    );
  const rows = await db.appDb.withTenant(context, (tx) => tx.weeklyReport.findMany());
  expect(new Set(rows.map((r) => r.tenantId))).toEqual(new Set([one.id]));
  expect(rows.some((r) => r.tenantId === other.id)).toBe(false);
});
