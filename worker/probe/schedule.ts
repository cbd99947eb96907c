// Which servers are due, as jobs on the region queues. Time is cut into fixed windows, so that any number of schedulers
// make the same jobs under the same ids, and BullMQ keeps the first. Tier limits on intervals hold here.
import { type JobsOptions, Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { Sweeper } from "#lib/adapters/db";
import { dueWithin, slotStart } from "#lib/domain/cadence";
import { shortestIntervalS } from "#lib/domain/tier";
import { MAX_BATCH, type ProbeJob, queueName, queuePrefix } from "./job.ts";
import { openSlot } from "./record.ts";

const WINDOW_MS = 2_000;
/** A scheduler that was away looks back so far; older slots are lost and sealed as not checked. */
const LOOK_BACK_MS = 60_000;
// A finished job is remembered longer than anybody looks back, or a second scheduler could make it again.
const JOB: JobsOptions = { attempts: 1, removeOnComplete: { age: 300 }, removeOnFail: { age: 3_600 } };

interface Row {
  tenant_id: string;
  id: string;
  interval_s: number;
  regions: string[];
  tier: string;
}

export interface Due extends Row {
  slot: number;
}

export interface Scheduler {
  /** Queues what became due since the last call. @returns the number of jobs it offered */
  tick(now: Date): Promise<number>;
  /** One server now, from all its regions; steps go to the request. */
  probeNow(target: { tenantId: string; serverId: string; requestId: string }, now: Date): Promise<number>;
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
  let doneUntil: number | null = null;
  return {
    async tick(now) {
      const until = (Math.floor(now.getTime() / WINDOW_MS) + 1) * WINDOW_MS;
      const from = Math.max(doneUntil ?? 0, until - LOOK_BACK_MS);
      if (from >= until) return 0;
      const { rows, regions } = await fleet(deps.sweeper);
      let offered = 0;
      for (let window = from; window < until; window += WINDOW_MS)
        offered += await offer(dueIn(rows, window, window + WINDOW_MS), regions, window, now);
      doneUntil = until;
      return offered;
    },
    async probeNow({ tenantId, serverId, requestId }, now) {
      const { rows, regions } = await fleet(deps.sweeper, { tenantId, serverId });
      const row = rows[0];
      if (!row) return 0;
      const expected = expectedOf(row, regions);
      const intervalS = intervalOf(row);
      const job: ProbeJob = {
        tenantId,
        slot: slotStart(now.getTime(), intervalS),
        intervalS,
        servers: [{ id: serverId, expected }],
        live: { requestId },
      };
      // Before everything that is merely due: a person is looking.
      await Promise.all(
        expected.map((region) => queue(region).add("probe", job, { ...JOB, jobId: `live_${requestId}`, lifo: true })),
      );
      return expected.length;
    },
    async close() {
      await Promise.all([...queues.values()].map((q) => q.close()));
    },
  };

  async function offer(due: Due[], regions: string[], window: number, now: Date): Promise<number> {
    const batches = batchesOf(due, regions);
    await Promise.all(
      due.map((d) =>
        openSlot(
          deps.redis,
          deps.prefix,
          {
            tenantId: d.tenant_id,
            serverId: d.id,
            slot: d.slot,
            intervalS: d.interval_s,
            expected: expectedOf(d, regions),
          },
          now,
        ),
      ),
    );
    for (const [region, jobs] of Map.groupBy(batches, (b) => b.region)) {
      await queue(region).addBulk(
        jobs.map(({ job, key }) => ({ name: "probe", data: job, opts: { ...JOB, jobId: `${window}_${key}` } })),
      );
    }
    return batches.length;
  }
}

/** PURE. Servers whose place in their slot lies in [fromMs, toMs). */
export function dueIn(rows: readonly Row[], fromMs: number, toMs: number): Due[] {
  return rows.flatMap((row) => {
    const interval = intervalOf(row);
    const slot = dueWithin(row.id, interval, fromMs, toMs);
    return slot === null ? [] : [{ ...row, interval_s: interval, slot }];
  });
}

/** PURE. One tenant's servers of one slot and interval per job and region, in an order that every scheduler finds. */
export function batchesOf(
  due: readonly Due[],
  regions: readonly string[],
): { region: string; key: string; job: ProbeJob }[] {
  const groups = Map.groupBy(due, (d) => `${d.tenant_id}_${d.interval_s}_${d.slot}`);
  return [...groups].flatMap(([key, members]) => {
    const servers = members
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .map((d) => ({ id: d.id, expected: expectedOf(d, regions) }));
    const [first] = members;
    return regions.flatMap((region) => {
      const here = servers.filter((s) => s.expected.includes(region));
      return chunks(here).map((part, i) => ({
        region,
        key: `${key}_${i}`,
        job: {
          tenantId: first?.tenant_id ?? "",
          slot: first?.slot ?? 0,
          intervalS: first?.interval_s ?? 60,
          servers: part,
        },
      }));
    });
  });
}

const intervalOf = (row: Pick<Row, "interval_s" | "tier">) => Math.max(row.interval_s, shortestIntervalS(row.tier));

function expectedOf(row: Pick<Row, "regions">, enabled: readonly string[]): string[] {
  const chosen = row.regions.length === 0 ? [...enabled] : enabled.filter((r) => row.regions.includes(r));
  // A server whose every region was switched off is asked from all of them rather than from none.
  return chosen.length > 0 ? chosen : [...enabled];
}

function chunks<T>(all: T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / MAX_BATCH) }, (_, i) =>
    all.slice(i * MAX_BATCH, (i + 1) * MAX_BATCH),
  );
}

async function fleet(
  sweeper: Sweeper,
  one?: { tenantId: string; serverId: string },
): Promise<{ rows: Row[]; regions: string[] }> {
  const columns = "s.tenant_id, s.id, s.interval_s, s.regions, t.tier";
  const rows = one
    ? await sweeper.find<Row>(
        `SELECT ${columns} FROM server s JOIN tenant t ON t.id = s.tenant_id WHERE s.removed_at IS NULL AND s.tenant_id = $1 AND s.id = $2`,
        [one.tenantId, one.serverId],
      )
    : await sweeper.find<Row>(
        `SELECT ${columns} FROM server s JOIN tenant t ON t.id = s.tenant_id WHERE s.removed_at IS NULL AND NOT s.paused`,
      );
  const regions = await sweeper.find<{ name: string }>("SELECT name FROM region WHERE enabled ORDER BY name");
  return { rows, regions: regions.map((r) => r.name) };
}
