// Error budgets, judged from real history down the real road.
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeTenant } from "#lib/testing/make";
import { aSealedSlot } from "#lib/testing/sealed";
import { decide } from "../pipeline/decide.ts";
import { judgeBurn } from "./burn.ts";

let db: TestDatabase;
let tenantId: string;
let serverId: string;
const START = Date.parse("2026-11-20T00:00:00Z");
const at = (minute: number) => new Date(START + minute * 60_000);

beforeAll(async () => {
  db = await testDatabase();
  await db.sql("SELECT app.make_partitions('probe_minute', '2026-11-01', 2)");
});
afterAll(() => db.close());
beforeEach(async () => {
  await db.sql("UPDATE server SET paused = true");
  tenantId = (await makeTenant(db)).id;
  serverId = await makeServer(db, tenantId, { fireAfter: 3, clearAfter: 1 });
});

/** @param bad minutes, of those from..to */
const history = (from: number, to: number, bad: readonly number[], status = "down") =>
  db.sql(
    `INSERT INTO probe_minute (tenant_id, server_id, slot, status, reason, regions)
     SELECT $1, $2, $3::timestamptz + g * interval '1 minute', CASE WHEN g = ANY ($4::int[]) THEN $7 ELSE 'up' END, NULL, '{}' FROM generate_series($5::int, $6::int) g
     ON CONFLICT (tenant_id, server_id, slot) DO NOTHING`,
    [tenantId, serverId, at(0), [...bad], from, to - 1, status],
  );
const judge = (minute: number) => judgeBurn(db.workerDb, db.sweeper, at(minute));
const incidents = () =>
  db.sql<{ reason: string; state: string; evidence: string }>(
    "SELECT reason, state, evidence FROM incident WHERE server_id = $1 ORDER BY number",
    [serverId],
  );

test("a minute that fails every quarter of an hour opens one incident, which does not blink and ends by itself", async () => {
  const bad = [5, 20, 35, 50, 65, 80];
  await history(0, 150, bad);
  const seen: string[] = [];
  for (let minute = 1; minute < 150; minute += 3) {
    await judge(minute);
    seen.push((await incidents()).map((i) => i.state).join());
  }
  expect([...new Set(seen)]).toEqual(["", "open", "resolved"]);
  expect(1 + 3 * seen.indexOf("open")).toBe(37);
  expect(1 + 3 * seen.indexOf("resolved")).toBeGreaterThan(110);
  expect((await incidents())[0]?.reason).toBe("error_budget_burning");
  expect((await incidents())[0]?.evidence).toMatch(/\d of the last hour's \d+ looks failed, \d+ times what 99.9 %/);
});

test.each<[string, number[], string]>([
  ["two bad minutes", [10, 50], "down"],
  ["three within a few minutes, which other rules tell", [50, 52, 54], "down"],
  ["what nobody could look at", [10, 30, 50], "unknown"],
])("%s burn nothing", async (_what, bad, status) => {
  await history(0, 60, bad, status);
  for (let minute = 50; minute < 60; minute++) await judge(minute);
  expect(await incidents()).toEqual([]);
});

test("while the server's own incident is open it says nothing, and what that told of is not told again", async () => {
  const look = (minute: number, saw: "timeout" | "up") =>
    decide(
      db.workerDb,
      aSealedSlot({ tenantId, serverId, slot: at(minute).getTime() }, { fra: saw, iad: saw }),
      at(minute + 1),
    );
  await history(0, 40, [10, 25]);
  for (const minute of [40, 41, 42, 43]) await look(minute, "timeout");
  expect(await incidents()).toMatchObject([{ reason: "timeout", state: "open" }]);
  for (let minute = 43; minute < 46; minute++) await judge(minute);
  for (const minute of [46, 47, 48, 49, 50]) await look(minute, "up");
  for (let minute = 47; minute < 56; minute++) await judge(minute);
  expect(await incidents()).toMatchObject([{ reason: "timeout", state: "resolved" }]);
});

test("a server that cannot be judged keeps no other from being told of", async () => {
  const made: string[] = [];
  for (let i = 0; i < 3; i++) {
    tenantId = (await makeTenant(db)).id;
    serverId = await makeServer(db, tenantId, { fireAfter: 3, clearAfter: 1 });
    made.push(serverId);
    await history(0, 60, [5, 20, 35, 50]);
  }
  // The first of them, in whatever order: a sequence counts on though its transaction fails.
  await db.sql("CREATE SEQUENCE burns");
  await db.sql("GRANT ALL ON SEQUENCE burns TO PUBLIC");
  await db.sql(
    "CREATE FUNCTION no_burn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF nextval('burns') = 1 THEN RAISE EXCEPTION 'no burn'; END IF; RETURN NEW; END $$",
  );
  await db.sql("CREATE TRIGGER no_burn BEFORE INSERT ON server_baseline FOR EACH ROW EXECUTE FUNCTION no_burn()");
  await expect(judge(52)).rejects.toThrow("no burn");
  await db.sql("DROP TRIGGER no_burn ON server_baseline");
  const opened = await db.sql("SELECT DISTINCT server_id FROM incident WHERE server_id = ANY ($1)", [made]);
  expect(opened).toHaveLength(2);
});
