// Slow and flaky, judged from real history down the real road: one incident, which ends by itself.
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeTenant } from "#lib/testing/make";
import { closeAbandoned } from "../watch/servers.ts";
import { computeBaselines } from "./compute.ts";
import { judgeElevated } from "./judge.ts";

let db: TestDatabase;
let tenantId: string;
let serverId: string;
const START = new Date("2026-11-20T00:00:00Z");
const at = (minute: number) => new Date(START.getTime() + minute * 60_000);

beforeAll(async () => {
  db = await testDatabase();
  await db.sql("SELECT app.make_partitions('probe_minute', '2026-11-01', 2)");
});
afterAll(() => db.close());
beforeEach(async () => {
  await db.sql("UPDATE server SET paused = true");
  tenantId = (await makeTenant(db)).id;
  serverId = await makeServer(db, tenantId, { createdAt: START });
});

/** One slot a minute. @param cells per region its status and, when it fails, its reason */
const minutes = (from: number, to: number, latencyMs: number | null, cells: Record<string, [string, string | null]>) =>
  db.sql(
    `INSERT INTO probe_minute (tenant_id, server_id, slot, status, reason, latency_ms, regions)
     SELECT $1, $2, $3::timestamptz + g * interval '1 minute', $4, NULL, $5, $6::jsonb FROM generate_series($7::int, $8::int) g`,
    [
      ...[tenantId, serverId, START],
      Object.values(cells).some(([s]) => s !== "up") ? "degraded" : "up",
      latencyMs,
      JSON.stringify(Object.fromEntries(Object.entries(cells).map(([r, [s, why]]) => [r, [s, why, latencyMs]]))),
      ...[from, to - 1],
    ],
  );
const UP: Record<string, [string, string | null]> = { fra: ["up", null], iad: ["up", null], sin: ["up", null] };
const judge = (minute: number) => judgeElevated(db.workerDb, db.sweeper, at(minute));
const incidents = () =>
  db.sql<{ reason: string; state: string; severity: string; evidence: string }>(
    "SELECT reason, state, severity, evidence FROM incident WHERE server_id = $1 ORDER BY opened_at",
    [serverId],
  );
const DAY = 26 * 60;

test("p95 over three times the usual for three periods opens one incident, and a usual period ends it", async () => {
  await minutes(0, DAY, 200, UP);
  expect(await computeBaselines(db.workerDb, db.sweeper, at(DAY))).toBe(1);
  expect(await computeBaselines(db.workerDb, db.sweeper, at(DAY))).toBe(0);
  await minutes(DAY, DAY + 15, 700, UP);
  expect(await judge(DAY + 11)).toBe(0);
  await minutes(DAY + 15, DAY + 20, 700, UP);
  expect(await judge(DAY + 16)).toBe(1);
  expect(await judge(DAY + 19)).toBe(0);
  const [slow, ...more] = await incidents();
  expect(more).toEqual([]);
  expect(slow).toMatchObject({ reason: "latency_elevated", state: "open", severity: "P2" });
  expect(slow?.evidence).toMatch(/700 ms, for 15 minutes .* usual 200 ms/);
  await minutes(DAY + 20, DAY + 30, 200, UP);
  expect(await judge(DAY + 28)).toBe(1);
  expect(await incidents()).toMatchObject([{ state: "resolved" }]);
});

test("while it is slow, its slow minutes are not what is usual; after three days they are", async () => {
  await minutes(0, DAY, 200, UP);
  await computeBaselines(db.workerDb, db.sweeper, at(DAY));
  await minutes(DAY, DAY + 180, 700, UP);
  await judge(DAY + 20);
  const p95 = async (minute: number) => {
    await computeBaselines(db.workerDb, db.sweeper, at(minute));
    return (await db.sql<{ p95_ms: number }>("SELECT p95_ms FROM server_baseline WHERE server_id = $1", [serverId]))[0]
      ?.p95_ms;
  };
  expect(await p95(DAY + 180)).toBe(200);
  expect(await p95(DAY + 180 + 3 * 24 * 60)).toBe(700);
});

test("without a day of history nothing is usual, and nobody is told of slowness", async () => {
  await minutes(0, 300, 200, UP);
  await computeBaselines(db.workerDb, db.sweeper, at(300));
  await minutes(300, 330, 5_000, UP);
  expect(await judge(325)).toBe(0);
  expect(await incidents()).toEqual([]);
});

test("failures that no run of bad slots tells of open an incident of their own, by layer, and only for two regions", async () => {
  const bad = (regions: string[]): typeof UP => ({
    ...UP,
    ...Object.fromEntries(regions.map((r) => [r, ["down", "timeout"] as [string, string]])),
  });
  await minutes(0, 10, 50, UP);
  for (const m of [10, 12, 14]) {
    await minutes(m, m + 1, 50, bad(["fra"]));
    await minutes(m + 1, m + 2, 50, UP);
  }
  expect(await judge(16)).toBe(0);
  for (const m of [16, 18, 20]) {
    await minutes(m, m + 1, 50, bad(["fra", "sin"]));
    await minutes(m + 1, m + 2, 50, UP);
  }
  expect(await judge(22)).toBe(1);
  const [flaky, ...more] = await incidents();
  expect(more).toEqual([]);
  expect(flaky).toMatchObject({ reason: "error_rate_elevated", state: "open" });
  expect(flaky?.evidence).toMatch(/of 15 probes \(\d+ %\) failed within 5 minutes in the transport layer, in fra, sin/);
  await minutes(22, 30, 50, UP);
  expect(await judge(29)).toBe(1);
  expect(await incidents()).toMatchObject([{ state: "resolved" }]);
});

test("a run of failures is told by its own incident and not twice", async () => {
  const down: typeof UP = { fra: ["down", "timeout"], iad: ["down", "timeout"], sin: ["up", null] };
  await minutes(0, 10, 50, down);
  await db.sql(
    `INSERT INTO incident (tenant_id, id, number, subject_kind, server_id, subject_name, fingerprint, dedup_key, state, severity, status, reason,
       opened_at, started_at, last_bad_slot, policy)
     VALUES ($1, gen_random_uuid(), 1, 'server', $2::uuid, 'x', $2::uuid::text || ':serving', 'k', 'open', 'P2', 'down', 'timeout', $3, $3, $3, '{}')`,
    [tenantId, serverId, START],
  );
  expect(await judge(8)).toBe(0);
  await db.sql("UPDATE incident SET state = 'resolved', resolved_at = $2 WHERE server_id = $1", [serverId, START]);
  expect(await judge(8)).toBe(1);
});

test("an outage that was told of and is over is not told once more by its failures of a moment ago", async () => {
  const down: typeof UP = { fra: ["down", "timeout"], iad: ["down", "timeout"], sin: ["down", "timeout"] };
  await minutes(0, 10, 50, down);
  await minutes(10, 20, 50, UP);
  await db.sql(
    `INSERT INTO incident (tenant_id, id, number, subject_kind, server_id, subject_name, fingerprint, dedup_key, state, severity, status, reason,
       opened_at, started_at, last_bad_slot, resolved_at, policy)
     VALUES ($1, gen_random_uuid(), 1, 'server', $2::uuid, 'x', $2::uuid::text || ':serving', 'k', 'resolved', 'P2', 'down', 'timeout', $3, $3, $4, $5, '{}')`,
    [tenantId, serverId, START, at(9), at(12)],
  );
  for (const minute of [12, 13, 14, 15]) expect(await judge(minute)).toBe(0);
});

test("a run of bad slots that goes on is left to its own incident, however many slots that waits for", async () => {
  await minutes(0, 10, 50, UP);
  await minutes(10, 16, 50, { fra: ["down", "timeout"], iad: ["down", "timeout"], sin: ["down", "timeout"] });
  await db.sql(
    "INSERT INTO server_now (tenant_id, server_id, since, status, last_slot, bad_streak) VALUES ($1, $2, $3, 'down', $4, 6)",
    [tenantId, serverId, at(10), at(15)],
  );
  expect(await judge(17)).toBe(0);
  await db.sql("UPDATE server_now SET bad_streak = 0 WHERE server_id = $1", [serverId]);
  expect(await judge(17)).toBe(1);
});

test("slow when it was paused and slow when it is looked at again, it is told again", async () => {
  await minutes(0, DAY, 200, UP);
  await computeBaselines(db.workerDb, db.sweeper, at(DAY));
  await minutes(DAY, DAY + 60, 700, UP);
  expect(await judge(DAY + 20)).toBe(1);
  await db.sql("UPDATE server SET paused = true WHERE id = $1", [serverId]);
  await closeAbandoned(db.workerDb, db.sweeper, at(DAY + 30));
  await db.sql("UPDATE server SET paused = false WHERE id = $1", [serverId]);
  expect(await judge(DAY + 50)).toBe(1);
  expect((await incidents()).map((i) => i.state)).toEqual(["resolved", "open"]);
});
