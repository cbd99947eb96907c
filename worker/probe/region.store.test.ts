// From the scheduler's tick to the sealed slot, over a real queue, with real prober processes.
import { randomBytes, randomUUID } from "node:crypto";
import { Queue, type Worker } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createLog } from "#lib/adapters/log";
import { places, secretBox } from "#lib/adapters/secrets";
import { slotStart } from "#lib/domain/cadence";
import { type TestClock, testClock } from "#lib/testing/clock";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { hostileServer } from "#lib/testing/hostile";
import { makeRegion, makeServer, makeTenant } from "#lib/testing/make";
import { type TestRedis, testRedis } from "#lib/testing/redis";
import { rawServer, type TestServer } from "#lib/testing/servers";
import { queueName, queuePrefix } from "./job.ts";
import { keep, type RegionDeps, regionWorker, runJob } from "./region.ts";
import { faultResult } from "./result.ts";
import { scheduler } from "./schedule.ts";
import { sealDue } from "./seal.ts";
import { sealedStream } from "./slots.ts";
import { ProberPool } from "./supervisor.ts";

const REGIONS = ["fra", "iad"];
const SECRET = "credential-that-nobody-may-see";
const box = secretBox(randomBytes(32));
const log = createLog("test", "fatal");

let db: TestDatabase;
let store: TestRedis;
let queueRedis: Redis;
let clock: TestClock;
let pool: ProberPool;
let target: TestServer;
let tenantId: string;

beforeAll(async () => {
  clock = testClock();
  db = await testDatabase();
  store = testRedis();
  queueRedis = new Redis(store.url, { maxRetriesPerRequest: null });
  pool = new ProberPool({ size: 2 });
  target = await hostileServer("tools without schema");
  for (const region of REGIONS) await makeRegion(db, region);
  tenantId = (await makeTenant(db)).id;
  await db.sql(
    "INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at) VALUES ($1, $2, '127.0.0.0/8', 'servers of this test listen there', now())",
    [tenantId, randomUUID()],
  );
});
afterEach(() => db.sql("UPDATE server SET paused = true"));
afterAll(async () => {
  clock.restore();
  queueRedis.disconnect();
  await Promise.all([pool.close(), target.close(), store.close(), db.close()]);
});

const deps = (region: string): RegionDeps => ({
  region,
  db: db.workerDb,
  redis: store.redis,
  queueRedis,
  prefix: store.prefix,
  box,
  pool,
  concurrency: 2,
  log,
});
const schedule = () => scheduler({ sweeper: db.sweeper, redis: store.redis, queueRedis, prefix: store.prefix });

async function sealed(serverId: string): Promise<
  {
    slot: number;
    expected: string[];
    outcomes: Record<string, { status: string; reason: string | null; region: string; cold: boolean }>;
  }[]
> {
  const entries = await store.redis.xrange(sealedStream(store.prefix), "-", "+");
  return entries.map(([, fields]) => JSON.parse(fields[1] ?? "{}")).filter((e) => e.serverId === serverId);
}

async function working<T>(regions: string[], work: (workers: Worker[]) => Promise<T>): Promise<T> {
  const workers = regions.map((region) => regionWorker(deps(region)));
  try {
    return await work(workers);
  } finally {
    await Promise.all(workers.map((w) => w.close()));
  }
}

/** Waits for as many jobs to end as the regions were given. */
function ended(workers: Worker[]): Promise<unknown[]> {
  return Promise.all(
    workers.map((w) => new Promise((done) => w.once("completed", done).once("failed", (_job, err) => done(err)))),
  );
}

const queued = async (region: string) => {
  const queue = new Queue(queueName(region), { connection: queueRedis, prefix: queuePrefix(store.prefix) });
  const jobs = await queue.getJobs(["waiting", "prioritized", "delayed"]);
  await queue.close();
  return jobs.flatMap((j) => j.data.servers.map((s: { id: string }) => s.id));
};

describe("the road from tick to seal", () => {
  test("two schedulers make one job per region, and the regions seal the slot together", async () => {
    const id = await makeServer(db, tenantId, { url: `${target.url}/${randomUUID()}` });
    const [one, two] = [schedule(), schedule()];
    await Promise.all([one.tick(clock.now()), two.tick(clock.now())]);
    expect([await queued("fra"), await queued("iad")]).toEqual([[id], [id]]);
    await working(REGIONS, async (workers) => {
      await ended(workers);
      await two.tick(clock.now());
    });
    const [entry, ...more] = await sealed(id);
    expect(more).toEqual([]);
    expect(entry).toMatchObject({
      slot: expect.any(Number),
      expected: REGIONS,
      outcomes: {
        fra: { status: "degraded", reason: "schema_invalid", region: "fra", cold: true },
        iad: { status: "degraded" },
      },
    });
    expect(await queued("fra")).toEqual([]);
    await Promise.all([one.close(), two.close()]);
  });

  test("looks that are rarer than ten minutes, because a tenant's pace was cut, are not all first looks", async () => {
    const serverId = await makeServer(db, tenantId, {});
    const job = {
      tenantId,
      slot: clock.now().getTime(),
      intervalS: 960,
      servers: [{ id: serverId, expected: ["fra"] }],
    };
    await keep(deps("fra"), job, faultResult(serverId, "", "x"), null);
    expect(await store.redis.ttl(`${store.prefix}:probed:fra:${serverId}`)).toBeGreaterThan(960);
  });

  test("an outcome that cannot be written fails its batch and not the region's process, and what was not probed is logged", async () => {
    const ids = [await makeServer(db, tenantId, {}), await makeServer(db, tenantId, {})];
    const unheard: unknown[] = [];
    const hear = (err: unknown) => unheard.push(err);
    process.on("unhandledRejection", hear);
    const said: unknown[][] = [];
    const half = {
      run: async (targets: { serverId: string }[], _policy: unknown, events: { result(r: unknown): void }) => {
        const { judgement, ...rest } = faultResult(targets[0]?.serverId ?? "", "", "x");
        events.result({ ...rest, judgement: { ...judgement, status: "none that there is" } });
        for (let i = 0; i < 3; i++) await new Promise((turn) => setImmediate(turn));
      },
    };
    const warn = (...words: unknown[]) => void said.push(words);
    await expect(
      runJob({ ...deps("fra"), pool: half, log: { ...log, warn } } as unknown as RegionDeps, {
        ...{ tenantId, slot: slotStart(clock.now().getTime(), 60), intervalS: 60 },
        servers: ids.map((id) => ({ id, expected: ["fra"] })),
      }),
    ).rejects.toThrow("status");
    process.off("unhandledRejection", hear);
    expect(unheard).toEqual([]);
    expect(said).toMatchObject([[{ servers: 1 }, expect.stringContaining("not checked")]]);
  });

  test("a batch that comes while the database restarts is probed when it is back", async () => {
    const id = await makeServer(db, tenantId, { url: `${target.url}/${randomUUID()}` });
    let refusals = 2;
    const restarting: typeof db.workerDb = {
      ...db.workerDb,
      withTenant: (context, fn) =>
        refusals-- > 0
          ? Promise.reject(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }))
          : db.workerDb.withTenant(context, fn),
    };
    const job = { tenantId, slot: slotStart(clock.now().getTime(), 60), intervalS: 60 };
    const servers = [{ id, expected: ["fra"] }];
    expect(await runJob({ ...deps("fra"), db: restarting }, { ...job, servers })).toBe("probed");
    expect(await sealed(id)).toHaveLength(1);
  });

  test("what was seen while Redis restarts is written when it is back", async () => {
    const id = await makeServer(db, tenantId, {});
    let refusals = 1;
    const refuse = () => (refusals-- > 0 ? Promise.reject(new Error("Connection is closed.")) : null);
    const restarting = new Proxy(store.redis, {
      get: (redis, key) => {
        const known = Reflect.get(redis, key, redis);
        return key === "set" ? (...args: never[]) => refuse() ?? known.apply(redis, args) : known?.bind?.(redis);
      },
    });
    const job = { tenantId, slot: slotStart(clock.now().getTime(), 60), intervalS: 60 };
    const servers = [{ id, expected: ["fra"] }];
    const kept = keep({ ...deps("fra"), redis: restarting }, { ...job, servers }, faultResult(id, "", "x"), null);
    expect([await kept, (await sealed(id)).length]).toEqual(["sealed", 1]);
  });

  test("a stopped region costs its own cell and nobody else's, and what it finds later is dropped", async () => {
    const id = await makeServer(db, tenantId, { url: `${target.url}/${randomUUID()}` });
    const s = schedule();
    await s.tick(clock.now());
    await working(["fra"], ended);
    clock.advance(90_000);
    await sealDue(store.redis, store.prefix, clock.now());
    expect((await sealed(id)).map((e) => Object.keys(e.outcomes))).toEqual([["fra"]]);
    await working(["iad"], ended);
    expect(await sealed(id)).toHaveLength(1);
    await s.close();
  });

  test("a paused or removed server is not asked, and one of another tenant never travels with it", async () => {
    const other = await makeTenant(db);
    const mine = await makeServer(db, tenantId, { url: `${target.url}/${randomUUID()}` });
    await db.sql("UPDATE server SET paused = true WHERE id = $1", [mine]);
    const theirs = await makeServer(db, other.id, { url: `${target.url}/${randomUUID()}` });
    await runJob(deps("fra"), {
      tenantId: other.id,
      slot: slotStart(clock.now().getTime(), 60),
      intervalS: 60,
      servers: [mine, theirs].map((id) => ({ id, expected: ["fra"] })),
    });
    expect(await sealed(mine)).toEqual([]);
    // Their tenant allows no private range, so the address is refused before a byte is sent.
    expect((await sealed(theirs))[0]?.outcomes.fra).toMatchObject({ status: "unknown", reason: "blocked_address" });
  });

  test("a credential reaches the server and stands nowhere in Redis", async () => {
    const heard: (string | undefined)[] = [];
    const server = await rawServer((socket, request) => {
      heard.push(/^authorization: (.*)\r/im.exec(request)?.[1]);
      socket.write(`HTTP/1.1 401 ${SECRET}\r\nWWW-Authenticate: Bearer error="${SECRET}"\r\nContent-Length: 0\r\n\r\n`);
    });
    const id = await makeServer(db, tenantId, { url: server.url });
    await db.sql(
      "INSERT INTO server_credential (tenant_id, server_id, kind, header_name, sealed, created_at) VALUES ($1, $2, 'bearer', 'Authorization', $3, now())",
      [tenantId, id, Buffer.from(await box.seal(db.workerDb, places.serverCredential(tenantId, id), SECRET))],
    );
    await runJob(deps("fra"), {
      tenantId,
      slot: slotStart(clock.now().getTime(), 60),
      intervalS: 60,
      servers: [{ id, expected: ["fra"] }],
    });
    await server.close();
    // Then the look at the wall: how is somebody without a credential met, and what is published about signing in?
    expect(heard).toEqual([`Bearer ${SECRET}`, ...Array(5).fill(undefined)]);
    const [entry] = await sealed(id);
    expect(entry?.outcomes.fra).toMatchObject({ status: "degraded", reason: "credential_rejected" });
    const keys = await store.redis.keys(`${store.prefix}:*`);
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) expect((await store.redis.dumpBuffer(key))?.toString("latin1")).not.toContain(SECRET);
    expect(JSON.stringify(entry)).not.toContain(SECRET);
  });

  test("a credential that does not open is our fault and not the server's", async () => {
    const id = await makeServer(db, tenantId, { url: `${target.url}/${randomUUID()}` });
    await db.sql(
      "INSERT INTO server_credential (tenant_id, server_id, kind, header_name, sealed, created_at) VALUES ($1, $2, 'bearer', 'Authorization', $3, now())",
      [tenantId, id, Buffer.from(await box.seal(db.workerDb, places.serverCredential(tenantId, randomUUID()), SECRET))],
    );
    await runJob(deps("fra"), {
      tenantId,
      slot: slotStart(clock.now().getTime(), 60),
      intervalS: 60,
      servers: [{ id, expected: ["fra"] }],
    });
    expect((await sealed(id))[0]?.outcomes.fra).toMatchObject({ status: "unknown", reason: "prober_fault" });
  });

  test("a watched probe writes each step as it ends and is done when every region has spoken", async () => {
    const id = await makeServer(db, tenantId, { url: `${target.url}/${randomUUID()}` });
    const requestId = randomUUID();
    await db.sql(
      "INSERT INTO request (tenant_id, id, kind, payload, state, created_at) VALUES ($1, $2, 'probe-now', $3, 'running', now())",
      [tenantId, requestId, JSON.stringify({ serverId: id })],
    );
    const s = schedule();
    expect(await s.probeNow({ tenantId, serverId: id, requestId }, clock.now())).toBe(2);
    const state = async () =>
      (
        await db.sql<{ state: string; progress: { region: string; title: string; verdict?: { status: string } }[] }>(
          "SELECT state, progress FROM request WHERE id = $1",
          [requestId],
        )
      )[0];
    await working(["fra"], ended);
    expect((await state())?.state).toBe("running");
    await working(["iad"], ended);
    const done = await state();
    expect(done?.state).toBe("done");
    expect(done?.progress.filter((l) => l.region === "fra").map((l) => l.title)).toEqual([
      "Connect",
      "POST server/discover",
      "POST tools/list",
      "POST initialize (is the older era spoken too?)",
      "Verdict",
    ]);
    expect(done?.progress.filter((l) => l.verdict).map((l) => l.verdict?.status)).toEqual(["degraded", "degraded"]);
    expect(await sealed(id)).toHaveLength(1);
    await s.close();
  });
});
