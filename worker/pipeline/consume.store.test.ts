import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createLog } from "#lib/adapters/log";
import { openDb, WORKER_ACTOR } from "#lib/adapters/db";
import type { Reason } from "#lib/domain/reason";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { type TestRedis, testRedis } from "#lib/testing/redis";
import { aSealedSlot } from "#lib/testing/sealed";
import { SealedConsumer } from "./consume.ts";
import { decide } from "./decide.ts";
import { isOutage } from "#lib/adapters/outage";
import { IDLE_MS, SealedStream } from "./stream.ts";

const START = Date.parse("2026-11-21T12:00:00Z");
const log = createLog("test", "fatal");
let db: TestDatabase;
let redis: TestRedis;
let tenantId: string;
let serverId: string;
const opened: SealedStream[] = [];

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());
beforeEach(async () => {
  redis = testRedis();
  tenantId = (await makeTenant(db)).id;
  serverId = await makeServer(db, tenantId);
  await makeSink(db, tenantId, { kind: "webhook" });
});
afterEach(async () => {
  for (const stream of opened.splice(0)) stream.interrupt();
  await redis.close();
});

function consumer(name = "one", database = db.workerDb) {
  const stream = new SealedStream(redis.redis, redis.prefix, name);
  opened.push(stream);
  const woken = { times: 0 };
  return { stream, woken, consumer: new SealedConsumer(database, stream, log, () => woken.times++) };
}
const add = (i: number, saw: Reason | "up" = "timeout", server = serverId) =>
  redis.redis.xadd(
    `${redis.prefix}:sealed`,
    "*",
    "sealed",
    JSON.stringify(aSealedSlot({ tenantId, serverId: server, slot: START + i * 60_000 }, { fra: saw, iad: saw })),
  );
const left = () => redis.redis.xlen(`${redis.prefix}:sealed`);
const incidents = (of = tenantId) =>
  db.sql("SELECT * FROM incident WHERE tenant_id = $1 AND subject_kind = 'server'", [of]);

test("three sealed slots become one incident, leave the stream and wake the outbox", async () => {
  for (const i of [0, 1, 2]) await add(i);
  const { consumer: c, woken } = consumer();
  await c.drain();
  expect(c.counts).toEqual({ decided: 3, malformed: 0, poisoned: 0 });
  expect(await incidents()).toMatchObject([{ bad_slots: 3 }]);
  expect(await left()).toBe(0);
  expect(woken.times).toBe(1);
});

test("slots of one server are decided in their order while many servers share the lanes", async () => {
  const servers = await Promise.all(Array.from({ length: 20 }, () => makeServer(db, tenantId)));
  for (let i = 0; i < 5; i++) for (const server of servers) await add(i, "timeout", server);
  const { consumer: c } = consumer();
  await c.drain();
  expect(
    await db.sql("SELECT DISTINCT bad_streak, last_slot FROM server_now WHERE tenant_id = $1", [tenantId]),
  ).toEqual([{ bad_streak: 5, last_slot: new Date(START + 240_000) }]);
  expect(await incidents()).toHaveLength(20);
});

test.each<[string, string[]]>([
  ["no JSON", ["sealed", "{"]],
  ["JSON of another shape", ["sealed", '{"tenantId":"x"}']],
  [
    "a region named like a prototype",
    [
      "sealed",
      `{"tenantId":"00000000-0000-4000-8000-000000000001","serverId":"00000000-0000-4000-8000-000000000001","slot":0,"expected":["__proto__"],"outcomes":{}}`,
    ],
  ],
  ["another field", ["other", "1"]],
])("an entry with %s is dropped, counted, and blocks nobody", async (_what, fields) => {
  await redis.redis.xadd(`${redis.prefix}:sealed`, "*", ...fields);
  await add(0);
  const { consumer: c } = consumer();
  await c.drain();
  expect(c.counts).toEqual({ decided: 1, malformed: 1, poisoned: 0 });
  expect(await left()).toBe(0);
});

test("a transcript that cannot be read costs itself and not the slot", async () => {
  const sealed = aSealedSlot({ tenantId, serverId, slot: START }, { fra: "timeout" });
  await redis.redis.xadd(
    `${redis.prefix}:sealed`,
    "*",
    "sealed",
    JSON.stringify({ ...sealed, transcripts: { fra: "?" } }),
  );
  const { consumer: c } = consumer();
  await c.drain();
  expect(c.counts.decided).toBe(1);
});

test("two consumers share the work and nothing is decided twice", async () => {
  const servers = await Promise.all(Array.from({ length: 10 }, () => makeServer(db, tenantId)));
  const [a, b] = [consumer("a"), consumer("b")];
  for (let i = 0; i < 3; i++) {
    for (const server of servers) await add(i, "timeout", server);
    await Promise.all([a.consumer.drain(), b.consumer.drain()]);
  }
  expect(a.consumer.counts.decided + b.consumer.counts.decided).toBe(30);
  expect(await incidents()).toHaveLength(10);
  // Each was told of once, or is held by the storm that they make.
  const each = await db.sql<{ told: number; held: boolean }>(
    `SELECT (SELECT count(*)::int FROM delivery d WHERE d.incident_id = i.id) AS told, held_by IS NOT NULL AS held
     FROM incident i WHERE tenant_id = $1 AND subject_kind = 'server'`,
    [tenantId],
  );
  expect(each.map((i) => (i.held ? i.told === 0 : i.told === 1))).toEqual(Array(10).fill(true));
});

test("what a dead consumer had taken is taken over, once it has been idle for long enough", async () => {
  await add(0);
  const dead = consumer("dead");
  const [entry] = await dead.stream.read(10, 1);
  const heir = consumer("heir");
  expect(await heir.stream.takeOver(10)).toEqual([]);
  await redis.redis.xclaim(dead.stream.key, "pipeline", "dead", 0, entry?.id ?? "", "IDLE", IDLE_MS + 1_000);
  expect((await heir.stream.takeOver(10)).map((e) => e.id)).toEqual([entry?.id]);
});

test("after Redis has lost everything the next slots arrive as if nothing had been", async () => {
  const { consumer: c } = consumer();
  await add(0);
  await c.drain();
  await redis.redis.del(`${redis.prefix}:sealed`);
  await add(1);
  await c.drain();
  await c.drain();
  expect(c.counts.decided).toBe(2);
});

test("a waiting consumer survives the loss of the stream, and stops at once when told to", async () => {
  const { consumer: c } = consumer();
  const abort = new AbortController();
  let beats = 0;
  const running = c.run(abort.signal, () => beats++);
  await expect.poll(() => beats, { timeout: 10_000 }).toBeGreaterThan(0);
  await add(0);
  await expect.poll(() => c.counts.decided, { timeout: 10_000 }).toBe(1);
  await redis.redis.del(`${redis.prefix}:sealed`);
  await expect
    .poll(
      async () => {
        if ((await left()) === 0) await add(1);
        return c.counts.decided;
      },
      { timeout: 10_000 },
    )
    .toBeGreaterThan(1);
  const since = performance.now();
  abort.abort();
  await running;
  expect(performance.now() - since).toBeLessThan(1_000);
});

/** PostgreSQL behind a door that can be shut. */
async function door() {
  const to = new URL(db.workerUrl);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(to.port), to.hostname);
    for (const s of [near, far]) sockets.add(s.on("error", () => {}));
    near.pipe(far).pipe(near);
  });
  const open = (port = 0) =>
    new Promise<number>((done) => server.listen(port, "127.0.0.1", () => done((server.address() as AddressInfo).port)));
  const shut = () =>
    new Promise<void>((done) => {
      server.close(() => done());
      for (const s of sockets) s.destroy();
    });
  const port = await open();
  const url = new URL(db.workerUrl);
  url.port = String(port);
  return { url: url.href, shut, reopen: () => open(port) };
}

test("while PostgreSQL is away the entry stays, and is decided when it is back", async () => {
  const way = await door();
  const own = openDb(way.url, { poolSize: 2 });
  const { consumer: c } = consumer("one", own);
  await add(0);
  await c.drain();
  await add(1);
  await way.shut();
  const slot = aSealedSlot({ tenantId, serverId, slot: START }, { fra: "timeout" });
  for (let i = 0; i < 8; i++)
    expect(isOutage(await decide(own, slot, new Date(START)).catch((err: unknown) => err))).toBe(true);
  const draining = c.drain();
  await wait(400);
  expect(c.counts).toEqual({ decided: 1, malformed: 0, poisoned: 0 });
  expect(await left()).toBe(1);
  await way.reopen();
  await draining;
  expect(c.counts).toEqual({ decided: 2, malformed: 0, poisoned: 0 });
  expect(await left()).toBe(0);
  await own.close();
  await way.shut();
});

test("while its tenant is being erased an entry stays, others go on, and it is decided when the erasure has failed", async () => {
  const other = await makeTenant(db);
  const spared = await makeServer(db, other.id);
  const { consumer: c, stream } = consumer();
  let failed = () => {};
  let begun = () => {};
  const isBegun = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const erasing = db.workerDb.global(async (tx) => {
    await tx.$queryRaw`SELECT pg_advisory_xact_lock(7270741, hashtext(${tenantId}))::text`;
    begun();
    await new Promise<void>((resolve) => {
      failed = resolve;
    });
  });
  await isBegun;
  await add(0);
  const slot = aSealedSlot({ tenantId: other.id, serverId: spared, slot: START }, { fra: "timeout" });
  await redis.redis.xadd(stream.key, "*", "sealed", JSON.stringify(slot));
  await c.drain();
  expect(c.counts).toEqual({ decided: 1, malformed: 0, poisoned: 0 });
  expect(await left()).toBe(1);
  failed();
  await erasing;
  const [entry] = await redis.redis.xrange(stream.key, "-", "+");
  await redis.redis.xclaim(stream.key, "pipeline", "one", 0, entry?.[0] ?? "", "IDLE", IDLE_MS + 1_000);
  const again = consumer("two");
  const stop = new AbortController();
  const running = again.consumer.run(stop.signal, () => {});
  await expect.poll(left).toBe(0);
  stop.abort();
  await running;
  expect(again.consumer.counts).toEqual({ decided: 1, malformed: 0, poisoned: 0 });
  expect(await db.sql("SELECT bad_streak FROM server_now WHERE server_id = $1", [serverId])).toEqual([
    { bad_streak: 1 },
  ]);
});

test("a backend that is terminated in the middle is an outage, and a constraint is not", async () => {
  const context = { tenantId, actorId: WORKER_ACTOR };
  // Many times over: what the driver says depends on whether it hears of the end before or after its next question.
  for (let i = 0; i < 40; i++) {
    const cut = await db.workerDb
      .withTenant(context, async (tx) => {
        const [me] = await tx.$queryRaw<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
        await db.sql("SELECT pg_terminate_backend($1)", [me?.pid]);
        if (i % 2 === 0) await wait(2);
        await tx.$queryRaw`SELECT 1`;
      })
      .catch((err: unknown) => err);
    expect(isOutage(cut), String(cut)).toBe(true);
  }
  const refused = await db.workerDb
    .withTenant(
      context,
      (tx) =>
        tx.$executeRaw`INSERT INTO server_now (tenant_id, server_id, since, status) VALUES (${tenantId}::uuid, ${serverId}::uuid, now(), 'odd')`,
    )
    .catch((err: unknown) => err);
  expect(refused).toBeInstanceOf(Error);
  expect(isOutage(refused)).toBe(false);
});

test("a slot that the database refuses each time is dropped and counted, and the next one goes on", {
  timeout: 30_000,
}, async () => {
  await add(0);
  await add(1, "up", await makeServer(db, tenantId));
  await db.sql("ALTER TABLE server_now ADD CONSTRAINT refuse CHECK (reason IS DISTINCT FROM 'timeout') NOT VALID");
  const { consumer: c } = consumer();
  await c.drain();
  await db.sql("ALTER TABLE server_now DROP CONSTRAINT refuse");
  expect(c.counts).toEqual({ decided: 1, malformed: 0, poisoned: 1 });
  expect(await left()).toBe(0);
});

test("slots that came late make nothing familiar: what is new goes through every stage first", async () => {
  const tools = { count: 1, contractHash: "a".repeat(64), fullHash: "a".repeat(64), names: ["a"] };
  const said = (i: number, era: "modern" | "legacy") =>
    redis.redis.xadd(
      `${redis.prefix}:sealed`,
      "*",
      "sealed",
      JSON.stringify(aSealedSlot({ tenantId, serverId, slot: START + i * 60_000 }, { fra: { era, tools } })),
    );
  const { consumer: c } = consumer();
  for (const i of [10, 11, 12, 13]) await said(i, "modern");
  for (const i of [1, 2, 3]) await said(i, "legacy");
  await said(14, "legacy");
  await c.drain();
  const [row] = await db.sql<{ surface: { scopes: object } }>("SELECT surface FROM server_now WHERE server_id = $1", [
    serverId,
  ]);
  expect(Object.keys(row?.surface.scopes ?? {}).sort()).toEqual(["legacy:open", "modern:open"]);
});
