// Which servers are due, as jobs on the region queues. Time is cut into fixed windows, so that any number of schedulers
// make the same jobs under the same ids, and BullMQ keeps the first. Who was replaced while it slept is refused.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type JobsOptions, Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { Sweeper } from "#lib/adapters/db";
import { dueWithin, SEAL_GRACE_MS, slotStart } from "#lib/domain/cadence";
import { SLOWEST_S } from "#lib/domain/throttle";
import { fleetReader, type Watched, watchedOne } from "./fleet.ts";
import { MAX_BATCH, type ProbeJob, queueName, queuePrefix } from "./job.ts";
import { openSlot } from "./record.ts";

const WINDOW_MS = 2_000;
/** Queued so long before it begins: whoever ticks once a second, and not on the second, is never late. */
const LEAD_MS = 1_000;
/** A scheduler that was away looks back so far; older slots are lost and sealed as not checked. */
const LOOK_BACK_MS = 60_000;
// A finished job is remembered longer than anybody looks back, or a second scheduler could make it again.
const JOB: JobsOptions = { attempts: 1, removeOnComplete: { age: 300 }, removeOnFail: { age: 3_600 } };
/** What has waited for longer than any slot lasts is of no use to a region that comes back, and fills Redis until then. */
const STALE_MS = SLOWEST_S * 1_000 + SEAL_GRACE_MS;
const CLEAN_EVERY_MS = 60_000;
const CLEAN_AT_ONCE = 5_000;
const FENCE_TTL_S = 600;
const FENCE = readFileSync(join(import.meta.dirname, "lua", "fence.lua"), "utf8");

export interface Due extends Watched {
  slot: number;
}

export interface Scheduler {
  /**
   * Queues what became due since the last call.
   * @param token of the lease; once a newer one was seen, nothing is queued. null: without a lease
   * @returns the number of jobs it offered
   */
  tick(now: Date, token?: bigint | null): Promise<number>;
  /** One server now, from all its regions; steps go to the request. */
  probeNow(target: { tenantId: string; serverId: string; requestId: string; trial?: true }, now: Date): Promise<number>;
  close(): Promise<void>;
}

export function scheduler(deps: { sweeper: Sweeper; redis: Redis; queueRedis: Redis; prefix: string }): Scheduler {
  const queues = new Map<string, Queue>();
  const queue = (region: string) => {
    const known =
      queues.get(region) ??
      new Queue(queueName(region), { connection: deps.queueRedis, prefix: queuePrefix(deps.prefix) });
    queues.set(region, known);
    return known;
  };
  const readFleet = fleetReader(deps.sweeper);
  let doneUntil: number | null = null;
  let cleanedAt = Number.NEGATIVE_INFINITY;
  return {
    async tick(now, token = null) {
      const until = (Math.floor((now.getTime() + LEAD_MS) / WINDOW_MS) + 1) * WINDOW_MS;
      // A clock that was set back: waiting until it is where it was would leave everybody unchecked for as long.
      if (doneUntil !== null && doneUntil - until > LOOK_BACK_MS) doneUntil = null;
      const from = Math.max(doneUntil ?? 0, until - LOOK_BACK_MS);
      if (from >= until) return 0;
      const { servers, regions } = await readFleet(now);
      let offered = 0;
      for (let window = from; window < until; window += WINDOW_MS) {
        const jobs = await offer(dueIn(servers, window, window + WINDOW_MS), regions, window, now, token);
        if (jobs === "replaced") return offered;
        offered += jobs;
      }
      doneUntil = until;
      if (Math.abs(now.getTime() - cleanedAt) >= CLEAN_EVERY_MS) {
        cleanedAt = now.getTime();
        await Promise.all(regions.map((region) => queue(region).clean(STALE_MS, CLEAN_AT_ONCE, "wait")));
      }
      return offered;
    },
    async probeNow({ tenantId, serverId, requestId, trial }, now) {
      const server = await watchedOne(deps.sweeper, tenantId, serverId);
      if (server === null) return 0;
      const { expected, intervalS } = server;
      const job: ProbeJob = {
        ...{ tenantId, slot: slotStart(now.getTime(), intervalS), intervalS, servers: [{ id: serverId, expected }] },
        ...(server.dedicated && { dedicated: true as const }),
        live: { requestId, ...(trial && { trial }) },
      };
      // What one check is tried with is the same from everywhere.
      const regions = trial ? expected.slice(0, 1) : expected;
      // Before everything that is merely due: a person is looking.
      await Promise.all(
        regions.map((region) => queue(region).add("probe", job, { ...JOB, jobId: `live_${requestId}`, lifo: true })),
      );
      return regions.length;
    },
    async close() {
      await Promise.all([...queues.values()].map((q) => q.close()));
    },
  };

  async function offer(
    due: Due[],
    regions: string[],
    window: number,
    now: Date,
    token: bigint | null,
  ): Promise<number | "replaced"> {
    if (due.length === 0) return 0;
    await Promise.all(
      due.map(({ tenantId, id, slot, intervalS, expected }) =>
        openSlot(deps.redis, deps.prefix, { tenantId, serverId: id, slot, intervalS, expected }, now),
      ),
    );
    // Asked last: what was opened is sealed at its time whoever opened it, what is queued costs a probe.
    if (token !== null && !(await stillLeads(token))) return "replaced";
    const batches = batchesOf(due, regions);
    await Promise.all(
      [...Map.groupBy(batches, (b) => b.region)].map(([region, jobs]) =>
        queue(region).addBulk(
          jobs.map(({ job, key }) => ({ name: "probe", data: job, opts: { ...JOB, jobId: `${window}_${key}` } })),
        ),
      ),
    );
    return batches.length;
  }

  async function stillLeads(token: bigint): Promise<boolean> {
    return (await deps.redis.eval(FENCE, 1, `${deps.prefix}:scheduler`, String(token), FENCE_TTL_S)) === 1;
  }
}

/** PURE. Servers whose place in their slot lies in [fromMs, toMs). */
export function dueIn(servers: readonly Watched[], fromMs: number, toMs: number): Due[] {
  const due: Due[] = [];
  for (const server of servers) {
    const slot = dueWithin(server.id, server.intervalS, fromMs, toMs);
    if (slot !== null) due.push({ ...server, slot });
  }
  return due;
}

/** PURE. One tenant's servers of one slot and interval per job and region, in an order that every scheduler finds. */
export function batchesOf(
  due: readonly Due[],
  regions: readonly string[],
): { region: string; key: string; job: ProbeJob }[] {
  const groups = Map.groupBy(due, (d) => `${d.tenantId}_${d.intervalS}_${d.slot}`);
  return [...groups].flatMap(([key, members]) => {
    const sorted = members.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const [{ tenantId, slot, intervalS, dedicated }] = sorted as [Due];
    return regions.flatMap((region) => {
      const here = sorted.filter((s) => s.expected.includes(region)).map(({ id, expected }) => ({ id, expected }));
      return chunks(here).map((servers, i) => ({
        region,
        key: `${key}_${i}`,
        job: { tenantId, slot, intervalS, servers, ...(dedicated && { dedicated: true as const }) },
      }));
    });
  });
}

function chunks<T>(all: T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / MAX_BATCH) }, (_, i) =>
    all.slice(i * MAX_BATCH, (i + 1) * MAX_BATCH),
  );
}
