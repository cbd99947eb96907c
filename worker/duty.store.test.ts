import { afterAll, beforeAll, expect, test } from "vitest";
import { createLog } from "#lib/adapters/log";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { type DutyState, runDuties, runOnce, type TimedDuty } from "./duty.ts";
import { readiness } from "./health.ts";

let db: TestDatabase;
const log = createLog("test", "fatal");
const signal = new AbortController().signal;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

const duty = (name: string, run: TimedDuty["run"], more: Partial<TimedDuty> = {}): TimedDuty => ({
  kind: "timed",
  name,
  everyMs: 1_000,
  deadlineMs: 5_000,
  staleMs: 10_000,
  once: true,
  run,
  ...more,
});
const state = (name: string): DutyState => ({ name, staleMs: 10_000, lastBeat: 0, elsewhere: false, lastError: null });

test("of two processes one runs a duty, and the other knows that it owes nothing", async () => {
  const ran: string[] = [];
  const [a, b] = [state("once"), state("once")];
  expect(
    await runOnce(
      duty("once", async () => void ran.push("a")),
      a,
      "a",
      db.workerDb,
      signal,
      log,
    ),
  ).toBe(true);
  expect(
    await runOnce(
      duty("once", async () => void ran.push("b")),
      b,
      "b",
      db.workerDb,
      signal,
      log,
    ),
  ).toBe(false);
  expect(ran).toEqual(["a"]);
  expect(b.elsewhere).toBe(true);
  expect(readiness([{ ...b, lastBeat: -1e9 }], false, 0).ready).toBe(true);
});

test("a duty that throws is fenced, written down, and forgiven after its next success", async () => {
  const s = state("throws");
  expect(
    await runOnce(
      duty("throws", async () => {
        throw new Error("no disk");
      }),
      s,
      "a",
      db.workerDb,
      signal,
      log,
    ),
  ).toBe(false);
  expect(await db.sql("SELECT last_error FROM duty_lease WHERE name = 'throws'")).toEqual([{ last_error: "no disk" }]);
  expect(
    await runOnce(
      duty("throws", async () => {}),
      s,
      "a",
      db.workerDb,
      signal,
      log,
    ),
  ).toBe(true);
  expect(await db.sql("SELECT last_error FROM duty_lease WHERE name = 'throws'")).toEqual([{ last_error: null }]);
});

test("the first success of a duty is written down, so that a person can see when it last worked", async () => {
  await runOnce(
    duty("works", async () => {}),
    state("works"),
    "a",
    db.workerDb,
    signal,
    log,
  );
  const rows = await db.sql<{ last_success_at: Date | null }>(
    "SELECT last_success_at FROM duty_lease WHERE name = 'works'",
  );
  expect(rows).toEqual([{ last_success_at: expect.any(Date) }]);
});

test("a duty that never ends is cut at its deadline", async () => {
  const s = state("hangs");
  expect(
    await runOnce(
      duty("hangs", () => new Promise(() => {}), { deadlineMs: 30 }),
      s,
      "a",
      db.workerDb,
      signal,
      log,
    ),
  ).toBe(false);
  expect(s.lastError).toMatch(/deadline/);
});

test("a loop that throws is started again, and stopping waits for it", async () => {
  let starts = 0;
  let ended = false;
  const running = runDuties(
    [
      {
        kind: "loop",
        name: "loop",
        staleMs: 1_000,
        run: async (stop, beat) => {
          starts++;
          beat();
          if (starts === 1) throw new Error("first time");
          await new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve()));
          ended = true;
        },
      },
    ],
    "a",
    db.workerDb,
    log,
  );
  while (starts < 2) await new Promise((r) => setImmediate(r));
  await running.stop();
  expect(ended).toBe(true);
});

test.each([
  [9_999, false, true],
  [10_001, false, false],
  [0, true, false],
])("%i ms after its last success, draining %s: ready is %s", (age, draining, ready) => {
  expect(readiness([{ ...state("x"), lastBeat: 0 }], draining, age).ready).toBe(ready);
});
