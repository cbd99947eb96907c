// The daily review: once per day and tenant, by somebody who did not do what is unusual, and the reviewer is logged too.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { audit } from "#lib/adapters/audit";
import { setClock } from "#lib/adapters/clock";
import { PLATFORM_TENANT, WORKER_ACTOR } from "#lib/adapters/db";
import { type Actor, execute } from "#lib/commands/command";
import type { Layer } from "#lib/domain/permissions";
import { dayOf, daysAfter } from "#lib/domain/utc-day";
import { overdueReviews, reviewDays, reviewOf, trendOf } from "#lib/queries/audit-review";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { type MadeTenant, makeTenant } from "#lib/testing/make";
import { reviewDay } from "./mark.ts";

let db: TestDatabase;
let tenant: MadeTenant;
let restore: () => void;
/** Rows take the database's own time, so "today" is the database's and the clock is moved around it. */
let today: string;
let now: Date;

beforeAll(async () => {
  db = await testDatabase();
  const [row] = await db.sql<{ at: Date }>("SELECT clock_timestamp() AS at");
  today = dayOf(row?.at.getTime() ?? 0);
  restore = setClock(() => now.getTime());
});
beforeEach(async () => {
  tenant = await makeTenant(db);
  now = new Date(`${daysAfter(today, 1)}T09:00:00Z`);
  await db.sql("UPDATE person SET groups = '{}'");
});
afterAll(async () => {
  restore();
  await db.close();
});

async function person(groups: string[]): Promise<string> {
  const id = randomUUID();
  await db.sql(
    "INSERT INTO person (id, issuer, subject, name, groups, created_at, last_seen_at) VALUES ($1, 'x', $2, 'Ada', $3, '2026-01-01', '2026-01-01')",
    [id, id, groups],
  );
  return id;
}
const operator = () => person([`tocsin-operator-${tenant.slug}`]);
const as = (personId: string, layers: Layer[] = ["operator"]): Actor => ({
  ...{ personId, name: "Ada", tenantId: tenant.id, layers },
});
const wrote = (actor: string, action: string, body: object = {}, tenantId = tenant.id) => {
  const context = { tenantId, actorId: actor };
  return db.appDb.withTenant(context, (tx) => audit(tx, context, { action, target: "x:1", body: { ...body } }));
};
const review = (actor: Actor, more: { day?: string; note?: string } = {}) =>
  execute(db.appDb, reviewDay, actor, { day: today, note: "Looked at each.", ...more });
const asked = <T>(question: Parameters<typeof db.appDb.withTenant<T>>[1]) =>
  db.appDb.withTenant({ tenantId: tenant.id, actorId: randomUUID(), readOnly: true }, question);

test("a day that is over is reviewed once, and the reviewer stands in the log", async () => {
  const ann = await operator();
  await wrote(WORKER_ACTOR, "delivery.redrive");
  await review(as(ann));
  const [row] = await db.sql("SELECT * FROM audit_review WHERE tenant_id = $1", [tenant.id]);
  expect(row).toMatchObject({
    day: today,
    reviewed_by: ann,
    events: 1,
    unusual: 0,
    own_acts: 0,
    note: "Looked at each.",
  });
  const [logged] = await db.sql("SELECT * FROM audit.event WHERE tenant_id = $1 AND action = 'audit.review'", [
    tenant.id,
  ]);
  expect(logged).toMatchObject({ actor: ann });
  await expect(review(as(await operator()))).rejects.toMatchObject({ code: "E_STATE" });
});

test("of two at once one is too late, and nothing of theirs is kept", async () => {
  const both = await Promise.allSettled([review(as(await operator())), review(as(await operator()))]);
  expect(both.map((r) => r.status).sort()).toEqual(["fulfilled", "rejected"]);
  const rows = await db.sql("SELECT 1 FROM audit.event WHERE tenant_id = $1 AND action = 'audit.review'", [tenant.id]);
  expect(rows).toHaveLength(1);
});

test.each([
  ["today", 0],
  ["tomorrow", 1],
])("%s is not over yet", async (_, ahead) => {
  now = new Date(`${today}T23:59:59Z`);
  await expect(review(as(await operator()), { day: daysAfter(today, ahead) })).rejects.toMatchObject({
    code: "E_STATE",
  });
});

test.each([["2026-02-30"], ["yesterday"], [""]])("%j is no day", async (day) => {
  await expect(review(as(await operator()), { day })).rejects.toMatchObject({ code: "E_INVALID", field: "day" });
});

describe("nobody reviews their own unusual acts", () => {
  test("while somebody else could", async () => {
    const [ann] = [await operator(), await operator()];
    await wrote(ann, "sink.remove");
    await expect(review(as(ann))).rejects.toMatchObject({ code: "E_SELF_APPROVAL" });
    expect(await db.sql("SELECT 1 FROM audit_review WHERE tenant_id = $1", [tenant.id])).toEqual([]);
  });
  test.each([
    ["nobody else could", async () => {}],
    [
      "the other is disabled",
      async () => void (await db.sql("UPDATE person SET disabled_at = now() WHERE id = $1", [await operator()])),
    ],
    ["the other is operator elsewhere", async () => void (await person(["tocsin-operator-elsewhere"]))],
    ["the other is a customer", async () => void (await person([`tocsin-customer-${tenant.slug}`]))],
  ])("unless %s: then it is kept with the review", async (_, given) => {
    const ann = await operator();
    await given();
    await wrote(ann, "sink.remove");
    await review(as(ann));
    expect(await db.sql("SELECT own_acts FROM audit_review WHERE tenant_id = $1", [tenant.id])).toEqual([
      { own_acts: 1 },
    ]);
  });
});

test("unusual rows ask for a sentence", async () => {
  await wrote(await person([]), "sink.remove");
  await expect(review(as(await operator()), { note: " " })).rejects.toMatchObject({ code: "E_INVALID", field: "note" });
});

test.each<[Layer]>([["auditor"], ["customer"]])("%s may not review", async (layer) => {
  await expect(review(as(await person([]), [layer]))).rejects.toMatchObject({ code: "E_FORBIDDEN" });
});

test("what is unusual is judged against the 28 days before, of this tenant only", async () => {
  const ann = await operator();
  await wrote(ann, "incident.note");
  await wrote(ann, "sink.remove", {}, PLATFORM_TENANT);
  const first = await asked((tx) => reviewOf(tx, tenant.id, today));
  expect(first.findings.map((f) => [f.act.action, f.why])).toEqual([["incident.note", ["new_person"]]]);
  // The same rows, seen a day later as what went before.
  const later = await asked((tx) => reviewOf(tx, tenant.id, daysAfter(today, 1)));
  expect(later).toMatchObject({ findings: [], events: 0, cut: false });
  expect(await asked((tx) => trendOf(tx, tenant.id, daysAfter(today, 1)))).toEqual([
    { action: "incident.note", count: 0, before: 1 / 7 },
  ]);
});

test("an address is new until it was seen, and only for whom it was seen with", async () => {
  const [ann, ben] = [await operator(), await operator()];
  const from = async (actor: string, address: string, at: string) => {
    const context = { tenantId: tenant.id, actorId: actor, trace: { from: address } };
    const id = await db.appDb.withTenant(context, (tx) =>
      audit(tx, context, { action: "a.b", target: "x:1", body: {} }),
    );
    await db.sql(`ALTER TABLE audit.event DISABLE TRIGGER USER; ALTER TABLE audit.chain DISABLE TRIGGER USER`);
    await db.sql("UPDATE audit.chain SET event_at = $2 WHERE event_id = $1", [id, at]);
    await db.sql("UPDATE audit.event SET at = $2 WHERE id = $1", [id, at]);
    await db.sql(
      `ALTER TABLE audit.event ENABLE TRIGGER USER; ALTER TABLE audit.event ENABLE ALWAYS TRIGGER deny_change`,
    );
  };
  const yesterday = `${daysAfter(today, -1)}T10:00:00Z`;
  const atTen = `${today}T10:00:00Z`;
  await from(ann, "203.0.113.1", yesterday);
  await from(ben, "203.0.113.2", yesterday);
  await from(ann, "203.0.113.1", atTen);
  await from(ann, "203.0.113.2", atTen);
  const { findings } = await asked((tx) => reviewOf(tx, tenant.id, today));
  expect(findings.map((f) => [f.act.from, f.why])).toEqual([["203.0.113.2", ["new_address"]]]);
});

test("yesterday is due, the day before overdue, and an empty day asks for nothing", async () => {
  await wrote(WORKER_ACTOR, "delivery.redrive");
  const state = async () => (await asked((tx) => reviewDays(tx, tenant.id, now))).map((d) => d.state);
  expect(await state()).toEqual(["due", ...Array(13).fill("empty")]);
  expect(await asked((tx) => overdueReviews(tx, tenant.id, now))).toBe(0);
  now = new Date(`${daysAfter(today, 2)}T00:00:00Z`);
  expect((await state()).slice(0, 3)).toEqual(["empty", "overdue", "empty"]);
  expect(await asked((tx) => overdueReviews(tx, tenant.id, now))).toBe(1);
  await review(as(await operator()));
  expect((await state()).slice(0, 3)).toEqual(["empty", "reviewed", "empty"]);
  expect(await asked((tx) => overdueReviews(tx, tenant.id, now))).toBe(0);
});

test("a day on which only a review was made asks for no review", async () => {
  await review(as(await operator()), { day: daysAfter(today, -1) });
  expect((await asked((tx) => reviewDays(tx, tenant.id, now)))[0]).toMatchObject({ day: today, state: "empty" });
});

test.each([
  ["a minute apart", ["09:58:00", "09:59:00"], 0],
  ["180 s apart", ["09:56:00", "09:59:00"], 0],
  ["181 s apart", ["09:55:59", "09:59:00"], 1],
])("checkpoints %s: shown when it is a gap", async (_, times, gaps) => {
  await db.sql("ALTER TABLE audit.checkpoint DISABLE TRIGGER USER; DELETE FROM audit.checkpoint");
  for (const [i, time] of times.entries())
    await db.sql(
      `INSERT INTO audit.checkpoint (no, at, tree_size, root, prev, hash, signature, key_id)
       VALUES ($1::text::bigint, $2, 0, sha256('r'), sha256($1::text::bytea), sha256(('h' || $1::text)::bytea), sha512('s'), '0123456789abcdef')`,
      [String(i + 1), `${today}T${time}Z`],
    );
  expect((await asked((tx) => reviewOf(tx, tenant.id, today))).gaps).toHaveLength(gaps);
});
