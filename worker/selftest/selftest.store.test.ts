// The self-test and what listens to it: the real stream, pipeline, outbox and socket, with the clock moved.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Actor, execute } from "#lib/commands/command";
import { addHeartbeat } from "#lib/commands/heartbeat/save";
import { removeHeartbeat } from "#lib/commands/heartbeat/remove";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { createLog } from "#lib/adapters/log";
import { secrets } from "#lib/adapters/secrets";
import { sender } from "#lib/adapters/send";
import { cameThrough, SELFTEST_SINK, stuckPart } from "#lib/domain/selftest";
import { type TestClock, testClock } from "#lib/testing/clock";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { type TestRedis, testRedis } from "#lib/testing/redis";
import { testSettings } from "#lib/testing/settings";
import { aSealedSlot } from "#lib/testing/sealed";
import { Outbox } from "../delivery/outbox.ts";
import { type Health, serveHealth } from "../health.ts";
import { SealedConsumer } from "../pipeline/consume.ts";
import { decide } from "../pipeline/decide.ts";
import { SealedStream } from "../pipeline/stream.ts";
import { selfChecker, stuckNow } from "../selfcheck.ts";
import { pingAll } from "./dead-man.ts";
import { selftestFacts, selftests, selftestSeen } from "./selftest.ts";

const START = new Date("2026-11-21T12:00:00Z");
const log = createLog("test", "silent" as "fatal");
const root: Actor = { personId: randomUUID(), name: "Ruth", tenantId: PLATFORM_TENANT, layers: ["root"] };
const send = sender(() => undefined);
let db: TestDatabase;
let takeAway: () => void;
let clock: TestClock;
let redis: TestRedis;
let health: Health;
let vendor: Server;
let asked: string[] = [];
let answers: (path: string) => number = () => 202;
let begin: (now: Date) => Promise<void>;
let consumer: SealedConsumer;
let stream: SealedStream;
let outbox: Outbox;

beforeAll(async () => {
  db = await testDatabase();
  clock = testClock();
  redis = testRedis();
  takeAway = testSettings(db);
  health = await serveHealth(
    0,
    () => ({ ready: true, draining: false, stale: [] }),
    (id) => selftestSeen(db.workerDb, id, clock.now()),
  );
  vendor = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(answers(request.url ?? "")).end("{}");
  });
  await new Promise<void>((done) => vendor.listen(0, "127.0.0.1", done));
  begin = selftests(db.workerDb, redis.redis, redis.prefix);
  stream = new SealedStream(redis.redis, redis.prefix, "one");
  consumer = new SealedConsumer(db.workerDb, stream, log, () => {});
  const bases = { loopback: `http://127.0.0.1:${health.port}` } as never;
  outbox = new Outbox({ db: db.workerDb, box: secrets(), bases, send, random: Math.random }, db.sweeper, "one", log);
});
afterAll(async () => {
  clock.restore();
  stream.interrupt();
  vendor.closeAllConnections();
  vendor.close();
  await health.close();
  await redis.close();
  takeAway();
  await db.close();
});
let day = 0;
beforeEach(async () => {
  day += 1;
  clock.set(new Date(START.getTime() + day * 3_600_000));
  asked = [];
  answers = () => 202;
  await db.sql("DELETE FROM selftest");
});

const facts = () => selftestFacts(db.sweeper);
const turn = async (parts: readonly ("scheduler" | "decide" | "outbox")[]) => {
  if (parts.includes("scheduler")) await begin(clock.now());
  if (parts.includes("decide")) await consumer.drain();
  if (parts.includes("outbox")) await outbox.settleAll();
};
const ALL = ["scheduler", "decide", "outbox"] as const;
const platform = (what: string) => db.sql(`SELECT * FROM ${what} WHERE tenant_id = $1`, [PLATFORM_TENANT]);
const url = () => `http://127.0.0.1:${(vendor.address() as AddressInfo).port}`;
const ping = (stale: string[] = []) =>
  pingAll(
    {
      ...{ db: db.workerDb, sweeper: db.sweeper, box: secrets(), send, log, stale: () => stale },
      bases: { opsgenieUs: url(), opsgenieEu: url(), jsm: url() },
    },
    clock.now(),
  );

test("it goes the whole road, and leaves no incident, no number, and no sink that anybody sees", async () => {
  const sink = await makeSink(db, PLATFORM_TENANT, { kind: "webhook", config: { url: "https://hooks.example.com/x" } });
  await turn(ALL);
  expect((await facts()).newest?.step).toBe("seen");
  expect(cameThrough(await facts(), clock.now())).toBe(true);
  expect(await platform("incident")).toEqual([]);
  expect(await platform("incident_event")).toEqual([]);
  expect(await platform("delivery")).toMatchObject([{ state: "sent", sink_id: SELFTEST_SINK, incident_id: null }]);
  expect(await db.sql("SELECT id FROM sink WHERE tenant_id = $1 AND removed_at IS NULL", [PLATFORM_TENANT])).toEqual([
    { id: sink },
  ]);
  await db.sql("UPDATE sink SET removed_at = now() WHERE id = $1", [sink]);
});

test("it is begun once each half minute however often the scheduler ticks, and keeps to a few rows", async () => {
  for (let s = 0; s < 480; s += 15) {
    await turn(ALL);
    clock.advance(15_000);
  }
  expect(await db.sql("SELECT 1 FROM selftest")).toHaveLength(16);
  expect((await platform("delivery")).length).toBeLessThanOrEqual(11);
});

test.each([
  ["scheduler", ["decide", "outbox"], /Nothing is scheduled/],
  ["pipeline", ["scheduler", "outbox"], /Nothing is decided/],
  ["outbox", ["scheduler", "decide"], /Notices do not leave/],
] as const)(
  "a frozen %s: said within 60 s, no heartbeat 120 s later, one alert, and all well again after",
  async (_part, left, says) => {
    const { id } = await execute(db.appDb, addHeartbeat, root, {
      kind: "url",
      name: "Night watch",
      secret: `${url()}/secret-path`,
    });
    const check = selfChecker(db.workerDb, db.sweeper);
    await db.sql("DELETE FROM process");
    const pid = randomUUID();
    const steps = async (seconds: number, parts: readonly ("scheduler" | "decide" | "outbox")[], every = 30) => {
      let said: number | null = null;
      for (let s = 0; s < seconds; s += every) {
        await turn(parts);
        await db.sql(
          `INSERT INTO process (id, kind, host, started_at, heartbeat_at) VALUES ($1, 'worker', 'h', $2, $2)
           ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at`,
          [pid, clock.now()],
        );
        await check(clock.now());
        if (s % 60 === 0) await ping();
        const word = stuckPart(await facts(), clock.now());
        if (word !== null && said === null) {
          said = s;
          expect(word).toMatch(says);
        }
        clock.advance(every * 1_000);
      }
      return said;
    };
    expect(await steps(120, ALL)).toBeNull();
    expect(asked).toEqual(["GET /secret-path", "GET /secret-path"]);
    const frozenAt = clock.now().getTime();
    expect(await steps(120, left, 10)).toBeLessThanOrEqual(60);
    asked = [];
    await steps(120, left);
    expect(asked).toEqual([]);
    const [target] = await db.sql("SELECT pinged_at, held_back_at, sealed FROM heartbeat_target WHERE id = $1", [id]);
    expect(((target?.pinged_at ?? new Date(0)) as Date).getTime() - frozenAt).toBeLessThan(120_000);
    expect(target?.held_back_at).not.toBeNull();
    expect(String(target?.sealed)).not.toContain("secret-path");
    const alerts = () =>
      db.sql("SELECT subject_kind, reason, severity, state FROM incident WHERE tenant_id = $1 AND drill = false", [
        PLATFORM_TENANT,
      ]);
    expect(await alerts()).toEqual([
      { subject_kind: "outbox", reason: "selftest_failed", severity: "P1", state: "open" },
    ]);
    await steps(120, ALL);
    expect(await alerts()).toMatchObject([{ state: "resolved" }]);
    expect(asked.length).toBeGreaterThan(0);
    await execute(db.appDb, removeHeartbeat, root, { heartbeatId: id });
    expect(await db.sql("SELECT sealed FROM heartbeat_target WHERE id = $1", [id])).toEqual([{ sealed: null }]);
    await db.sql("DELETE FROM incident WHERE tenant_id = $1", [PLATFORM_TENANT]);
  },
);

test("a duty that is late holds the heartbeat back although self-tests come through", async () => {
  const { id } = await execute(db.appDb, addHeartbeat, root, { kind: "url", name: "x", secret: `${url()}/a` });
  await turn(ALL);
  expect(await ping(["watch"])).toBe(0);
  expect(await ping()).toBe(1);
  expect(asked).toEqual(["GET /a"]);
  await execute(db.appDb, removeHeartbeat, root, { heartbeatId: id });
});

test("OpsGenie is asked first whether there is such a heartbeat, because it takes a ping for one that is none", async () => {
  const key = "0f0f0f0f-0000-4000-8000-000000000000";
  const { id } = await execute(db.appDb, addHeartbeat, root, { kind: "opsgenie_eu", name: "no such", secret: key });
  await turn(ALL);
  answers = (path) => (path.endsWith("/ping") ? 202 : 404);
  expect(await ping()).toBe(0);
  expect(asked).toEqual(["GET /v2/heartbeats/no%20such"]);
  expect(await db.sql("SELECT problem FROM heartbeat_target WHERE id = $1", [id])).toMatchObject([
    { problem: expect.stringMatching(/no such heartbeat/) },
  ]);
  answers = () => 200;
  expect(await ping()).toBe(1);
  expect(await ping()).toBe(1);
  expect(asked.slice(1)).toEqual([
    "GET /v2/heartbeats/no%20such",
    "POST /v2/heartbeats/no%20such/ping",
    "POST /v2/heartbeats/no%20such/ping",
  ]);
  await execute(db.appDb, removeHeartbeat, root, { heartbeatId: id });
});

test("an open incident without a next step and a delivery that nobody sends are found, each by its id, and end their alert", async () => {
  const tenantId = (await makeTenant(db)).id;
  const serverId = await makeServer(db, tenantId, { fireAfter: 1 });
  await makeSink(db, tenantId, { kind: "webhook", config: { url: "https://hooks.example.com/x" } });
  await decide(
    db.workerDb,
    aSealedSlot({ tenantId, serverId, slot: clock.now().getTime() }, { fra: "timeout" }),
    clock.now(),
  );
  const [incident] = await db.sql<{ id: string }>("SELECT id FROM incident WHERE tenant_id = $1", [tenantId]);
  const [delivery] = await db.sql<{ id: string }>("SELECT id FROM delivery WHERE tenant_id = $1", [tenantId]);
  await db.sql("UPDATE incident SET next_step_at = NULL, step = jsonb_array_length(policy->'steps') WHERE id = $1", [
    incident?.id,
  ]);
  expect(await stuckNow(db.sweeper, clock.now())).toEqual({ incidents: 0, deliveries: 0, named: [] });
  clock.advance(900_000);
  expect(await stuckNow(db.sweeper, clock.now())).toMatchObject({
    incidents: 0,
    deliveries: 1,
    named: [`delivery ${delivery?.id}`],
  });
  await db.sql("UPDATE incident SET step = 0 WHERE id = $1", [incident?.id]);
  // What stood still while nothing ran has until the second look to move.
  const check = selfChecker(db.workerDb, db.sweeper);
  await check(clock.now());
  expect(await db.sql("SELECT 1 FROM incident WHERE tenant_id = $1", [PLATFORM_TENANT])).toEqual([]);
  await check(clock.now());
  await selfChecker(db.workerDb, db.sweeper)(clock.now());
  const own = () => db.sql("SELECT reason, state, evidence FROM incident WHERE tenant_id = $1", [PLATFORM_TENANT]);
  expect(await own()).toMatchObject([
    { reason: "notices_stuck", state: "open", evidence: expect.stringContaining(incident?.id ?? "-") },
  ]);
  await db.sql("UPDATE delivery SET state = 'sent' WHERE tenant_id = $1", [tenantId]);
  await db.sql("UPDATE incident SET state = 'acknowledged' WHERE tenant_id = $1", [tenantId]);
  await selfChecker(db.workerDb, db.sweeper)(clock.now());
  expect(await own()).toMatchObject([{ state: "resolved" }]);
});
