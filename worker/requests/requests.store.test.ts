import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createLog } from "#lib/adapters/log";
import { type TestClock, testClock } from "#lib/testing/clock";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeTenant } from "#lib/testing/make";
import { endStale, takeRequests } from "./index.ts";

const log = createLog("test", "fatal");
let db: TestDatabase;
let clock: TestClock;
let tenantId: string;
let id: string;

beforeAll(async () => {
  db = await testDatabase();
  clock = testClock();
});
afterAll(async () => {
  clock.restore();
  await db.close();
});
beforeEach(async () => {
  tenantId = (await makeTenant(db)).id;
  id = await ask({ serverId: randomUUID() });
});

async function ask(payload: unknown, kind = "probe-now"): Promise<string> {
  const made = randomUUID();
  await db.sql("INSERT INTO request (tenant_id, id, kind, payload, created_at) VALUES ($1, $2, $3, $4, $5)", [
    tenantId,
    made,
    kind,
    JSON.stringify(payload),
    clock.now(),
  ]);
  return made;
}
const take = (run: () => Promise<void> = async () => {}) =>
  takeRequests(
    db.workerDb,
    db.sweeper,
    { "probe-now": run, "try-check": async () => {}, "rewrap-keys": async () => {}, "rotate-key": run },
    log,
  );
const state = async (of = id) => (await db.sql("SELECT state FROM request WHERE id = $1", [of]))[0]?.["state"];

test("of two workers one takes a request", async () => {
  let ran = 0;
  const run = async () => void ran++;
  expect((await Promise.all([take(run), take(run)])).reduce((a, b) => a + b)).toBe(1);
  expect([ran, await state()]).toEqual([1, "running"]);
});

test("what nobody finishes within a minute of being taken ends, and not a second earlier, however long it had waited", async () => {
  clock.advance(600_000);
  await take();
  await endStale(db.workerDb, db.sweeper, clock.now());
  expect(await state()).toBe("running");
  clock.advance(61_000);
  await endStale(db.workerDb, db.sweeper, clock.now());
  expect(await state()).toBe("failed");
});

test.each<[string, unknown, string]>([
  ["a kind that this version does not know", {}, "run-a-dragon"],
  ["a kind by an inherited name", {}, "constructor"],
  ["a payload of the wrong shape", { serverId: 5 }, "probe-now"],
])("%s fails with a sentence and holds nobody up", async (_what, payload, kind) => {
  const bad = await ask(payload, kind);
  await take();
  expect([await state(bad), await state()]).toEqual(["failed", "running"]);
});
