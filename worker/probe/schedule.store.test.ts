// Several schedulers over one Redis: nothing twice, nothing left out, and who was replaced while it slept is refused.
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Sweeper } from "#lib/adapters/db";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeRegion, makeServer, makeTenant } from "#lib/testing/make";
import { type TestRedis, testRedis } from "#lib/testing/redis";
import { type ProbeJob, queueName, queuePrefix } from "./job.ts";
import { type Scheduler, scheduler } from "./schedule.ts";

const REGIONS = ["fra", "iad", "sin"];
const T0 = Date.UTC(2026, 10, 21, 12);
const at = (ms: number) => new Date(T0 + ms);

let db: TestDatabase;
const connections: Redis[] = [];
let store: TestRedis;

beforeAll(async () => {
  db = await testDatabase();
  await db.sql("UPDATE region SET enabled = false");
  for (const region of REGIONS) await makeRegion(db, region);
  await db.sql("UPDATE region SET enabled = name = ANY ($1)", [REGIONS]);
});
beforeEach(async () => {
  await db.sql("UPDATE server SET paused = true");
  store = testRedis();
});
afterEach(() => store.close());
afterAll(async () => {
  for (const c of connections) c.disconnect();
  await db.close();
});

function one(sweeper: Sweeper = db.sweeper): Scheduler {
  const queueRedis = new Redis(store.url, { maxRetriesPerRequest: null });
  connections.push(queueRedis);
  return scheduler({ sweeper, redis: store.redis, queueRedis, prefix: store.prefix });
}

/** Every job of every region: "server region slot". */
async function queued(): Promise<{ keys: string[]; jobs: ProbeJob[] }> {
  const found: { keys: string[]; jobs: ProbeJob[] } = { keys: [], jobs: [] };
  for (const region of REGIONS) {
    const queue = new Queue(queueName(region), { connection: store.redis, prefix: queuePrefix(store.prefix) });
    for (const { data } of await queue.getJobs(["waiting"])) {
      found.jobs.push(data);
      found.keys.push(...(data as ProbeJob).servers.map((s) => `${s.id} ${region} ${data.slot}`));
    }
    await queue.close();
  }
  return found;
}

async function tenantWith(servers: number, given: { tier?: string; intervalS?: number } = {}) {
  const { id } = await makeTenant(db, given.tier === undefined ? {} : { tier: given.tier });
  const ids: string[] = [];
  for (let i = 0; i < servers; i++)
    ids.push(
      await makeServer(db, id, {
        intervalS: given.intervalS ?? 60,
        createdAt: new Date(Date.UTC(2026, 0, 1, 0, 0, i)),
      }),
    );
  return { id, ids };
}

describe("five schedulers at once", () => {
  test("queue every server once per region and slot, over two minutes", async () => {
    const { ids } = await tenantWith(40);
    const five = Array.from({ length: 5 }, () => one());
    // They do not walk in step: each skips ticks of its own and looks back for them.
    for (let s = 0; s <= 120; s += 2)
      await Promise.all(five.map((f, i) => (s % (2 + 2 * i) === 0 ? f.tick(at(s * 1_000)) : null)));
    const { keys } = await queued();
    expect(new Set(keys).size).toBe(keys.length);
    for (const id of ids)
      for (const region of REGIONS)
        for (const slot of [T0, T0 + 60_000]) expect(keys).toContain(`${id} ${region} ${slot}`);
    await Promise.all(five.map((f) => f.close()));
  }, 30_000);

  test("a leader that was paused in the middle of its work and wakes up long after queues nothing more", async () => {
    await tenantWith(12);
    const asleep = Promise.withResolvers<void>();
    const slow: Sweeper = {
      ...db.sweeper,
      find: async (sql, params) => {
        await asleep.promise;
        return db.sweeper.find(sql, params);
      },
    };
    const [old, young] = [one(slow), one()];
    const late = old.tick(at(30_000), 6n);
    await young.tick(at(30_000), 7n);
    const before = (await queued()).keys;
    // Ten minutes later the jobs are done and forgotten: their ids would be free again.
    for (const region of REGIONS) {
      const queue = new Queue(queueName(region), { connection: store.redis, prefix: queuePrefix(store.prefix) });
      await queue.obliterate({ force: true });
      await queue.close();
    }
    asleep.resolve();
    await late;
    expect([before.length > 0, (await queued()).keys]).toEqual([true, []]);
    // The same leader without a token would have had all of it probed a second time.
    await one().tick(at(30_000));
    expect((await queued()).keys.length).toBe(before.length);
  });
});

describe("what a tier and a pace allow is kept by the scheduler", () => {
  async function minutes(n: number) {
    const s = one();
    for (let t = 0; t < n * 60; t += 30) await s.tick(at(t * 1_000));
    await s.close();
    return queued();
  }
  const regionsOf = (keys: string[], id: string) =>
    [...new Set(keys.filter((k) => k.startsWith(id)).map((k) => k.split(" ")[1]))].sort();

  test("from how many regions, the same ones in every slot", async () => {
    const { ids } = await tenantWith(3, { tier: "public" });
    const { keys } = await minutes(4);
    for (const id of ids) expect(regionsOf(keys, id)).toHaveLength(2);
    expect(new Set(ids.flatMap((id) => regionsOf(keys, id))).size).toBeGreaterThanOrEqual(2);
  });

  test("how many servers: the oldest ones", async () => {
    const { ids } = await tenantWith(5, { tier: "public" });
    const { keys } = await minutes(2);
    expect([...new Set(keys.map((k) => k.split(" ")[0]))].sort()).toEqual(ids.slice(0, 3).sort());
  });

  test("how often: not more than the tier allows, and less while the tenant is slowed down", async () => {
    const { id, ids } = await tenantWith(1, { tier: "author", intervalS: 15 });
    const gaps = (jobs: ProbeJob[]) => {
      const slots = [...new Set(jobs.filter((j) => j.servers[0]?.id === ids[0]).map((j) => j.slot))].sort();
      return new Set(slots.slice(1).map((slot, i) => slot - (slots[i] ?? 0)));
    };
    expect(gaps((await minutes(4)).jobs)).toEqual(new Set([60_000]));
    await store.close();
    store = testRedis();
    await db.sql("INSERT INTO probe_pace (tenant_id, factor, until) VALUES ($1, 4, $2)", [id, at(3_600_000)]);
    const { jobs } = await minutes(13);
    expect([gaps(jobs), jobs[0]?.intervalS]).toEqual([new Set([240_000]), 240]);
  });

  test("an enterprise's batches go to processes of its own, a team's do not", async () => {
    await tenantWith(1, { tier: "enterprise" });
    const team = await tenantWith(1, { tier: "team" });
    const { jobs } = await minutes(2);
    for (const job of jobs) expect(job.dedicated === true).toBe(job.tenantId !== team.id);
  });
});

test("each region has a queue of its own, so that one that is not read holds up no other", async () => {
  const { ids } = await tenantWith(1);
  const s = one();
  await s.tick(at(0));
  await s.tick(at(58_000));
  await s.close();
  const { keys } = await queued();
  expect(keys.filter((k) => k.endsWith(` ${T0}`))).toEqual(REGIONS.map((region) => `${ids[0]} ${region} ${T0}`));
});

test("a clock that jumped ahead and was set right again stops nobody's checks", async () => {
  await tenantWith(3);
  const s = one();
  await s.tick(at(3_600_000));
  await s.tick(at(0));
  const offered = await s.tick(at(58_000));
  expect(offered).toBeGreaterThan(0);
  await s.close();
});

test("what waits for a region that nobody runs goes when its slot is long over, so that it does not fill the store", async () => {
  await tenantWith(1);
  const queue = new Queue(queueName("iad"), { connection: store.redis, prefix: queuePrefix(store.prefix) });
  for (const [jobId, minutes] of Object.entries({ old: 90, young: 30 }))
    await queue.add("probe", { servers: [] }, { jobId, timestamp: Date.now() - minutes * 60_000 });
  const s = one();
  await s.tick(at(0));
  expect((await queue.getJobs(["waiting"])).map((j) => j.id).filter((id) => !/_/.test(id ?? ""))).toEqual(["young"]);
  await Promise.all([s.close(), queue.close()]);
});
