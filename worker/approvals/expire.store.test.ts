import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeTenant } from "#lib/testing/make";
import { expireApprovals } from "./expire.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

test("what nobody decided in time ends at that moment and not before, once, with its row in the log", async () => {
  const { id: tenant } = await makeTenant(db);
  const until = new Date("2026-11-21T12:00:00Z");
  await db.sql(
    `INSERT INTO approval (tenant_id, id, action, target, sentence, input, reason, asked_by, asked_at, expires_at)
     VALUES ($1, $2, 'retention.cut', 'retention', 'Keep less', '{}', 'A reason of some length here', $2, '2026-11-20T12:00:00Z', $3)`,
    [tenant, randomUUID(), until],
  );
  expect(await expireApprovals(db.workerDb, db.sweeper, new Date(until.getTime() - 1))).toBe(0);
  const both = await Promise.all([1, 2].map(() => expireApprovals(db.workerDb, db.sweeper, until)));
  expect(both.sort()).toEqual([0, 1]);
  expect(await db.sql("SELECT state, decided_at, decided_by FROM approval")).toEqual([
    { state: "expired", decided_at: until, decided_by: null },
  ]);
  expect(await db.sql("SELECT action FROM audit.event WHERE tenant_id = $1", [tenant])).toEqual([
    { action: "approval.expire" },
  ]);
});
