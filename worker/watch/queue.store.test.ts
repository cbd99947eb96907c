// A region whose checks start later and later is said once, on the installation's own tenant, and ends by itself.
import { afterAll, beforeAll, expect, test } from "vitest";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeRegion } from "#lib/testing/make";
import { type TestRedis, testRedis } from "#lib/testing/redis";
import { ageBook, writeAge } from "../probe/ages.ts";
import { watchQueues } from "./queue.ts";

const T0 = Date.UTC(2026, 10, 21, 12);
let db: TestDatabase;
let store: TestRedis;
beforeAll(async () => {
  db = await testDatabase();
  store = testRedis();
  await db.sql("UPDATE region SET enabled = false");
  for (const name of ["fra", "iad"]) await makeRegion(db, name);
  await db.sql("UPDATE region SET enabled = name IN ('fra', 'iad')");
});
afterAll(async () => {
  await store.close();
  await db.close();
});

const at = (minute: number) => new Date(T0 + minute * 60_000);
const look = (minute: number) =>
  watchQueues({ db: db.workerDb, sweeper: db.sweeper, redis: store.redis, prefix: store.prefix }, at(minute));
const wait = (region: string, minute: number, seconds: number) =>
  writeAge(store.redis, store.prefix, region, { at: at(minute).getTime(), p95Ms: seconds * 1_000, n: 12 });
const said = () =>
  db.sql("SELECT subject_kind, subject_name, reason, severity, state FROM incident WHERE tenant_id = $1", [
    PLATFORM_TENANT,
  ]);

test("one region that falls behind is one alert, which ends when it no longer does; the other is not spoken of", async () => {
  for (let m = 0; m < 15; m++) {
    await wait("fra", m, m < 5 ? 1 : 6 * (m - 4));
    await wait("iad", m, 40);
    await look(m);
  }
  const alert = { subject_kind: "queue", reason: "queue_behind", severity: "P2" };
  expect(await said()).toEqual([{ ...alert, subject_name: expect.stringContaining("Queue of"), state: "open" }]);
  expect(await look(14)).toEqual(["fra"]);
  for (let m = 15; m < 19; m++) {
    await wait("fra", m, 20);
    await look(m);
  }
  expect((await said()).map((r) => r.state)).toEqual(["resolved"]);
  // The quarter of an hour that ended meanwhile has its row in each region, once.
  const rows = await db.sql(
    "SELECT region, batches, worst_ms, rate_ms > 0 AS grew FROM queue_digest WHERE at = $1 ORDER BY region",
    [at(15)],
  );
  expect(rows).toEqual([
    { region: "fra", batches: 180, worst_ms: 60_000, grew: true },
    { region: "iad", batches: 168, worst_ms: 40_000, grew: false },
  ]);
});

test("what still waits counts with its age so far, so that a queue that starts nothing is not a short one", () => {
  const book = ageBook(T0);
  const done = book.enter(T0);
  done(T0 + 400);
  done(T0 + 900);
  book.enter(T0 + 1_000);
  expect(book.close(T0 + 59_999)).toBeNull();
  expect(book.close(T0 + 61_000)).toEqual({ at: T0 + 61_000, p95Ms: 60_000, n: 2 });
  expect(book.close(T0 + 122_000, T0 + 2_000)).toMatchObject({ p95Ms: 121_000, n: 2 });
});
