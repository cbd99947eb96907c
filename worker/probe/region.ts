// One region's consumer: takes batches from its queue, has them probed, records what was seen. A batch that is too old
// to matter is dropped: its slot is sealed without this region, as not checked.
import { Worker } from "bullmq";
import type { Redis } from "ioredis";
import { now as clockNow } from "#lib/adapters/clock";
import type { Db } from "#lib/adapters/db";
import type { Log } from "#lib/adapters/log";
import { isOutage } from "#lib/adapters/outage";
import type { SecretBox } from "#lib/adapters/secrets";
import { tooOld } from "#lib/domain/cadence";
import type { Outcome } from "#lib/domain/outcome";
import { keepList } from "../surface/keep-list.ts";
import { credentialed } from "./credential/credentialed.ts";
import { checking } from "./extras/checking.ts";
import { runTrial } from "./extras/trial.ts";
import { triedAgain, waitedFor } from "./kept.ts";
import { probeJobSchema, type ProbeJob, queueName, queuePrefix } from "./job.ts";
import { live, type Live } from "./live.ts";
import type { Egress } from "./egress.ts";
import { type Recorded, record } from "./record.ts";
import type { AgeBook } from "./ages.ts";
import { faultResult, outcomeOf, type ProbeResult } from "./result.ts";
import type { Prober } from "./supervisor.ts";
import { waiting } from "./waiting.ts";
import { type Loaded, loadTargets } from "./targets.ts";

/** The first probe after so long without one is cold: recorded, never alerting. */
const COLD_AFTER_S = 600;
/** Where looks are rarer, as of a tenant whose pace was cut, none would ever alert: there one has to be missing. */
const coldAfterS = (intervalS: number) => Math.max(COLD_AFTER_S, 2 * intervalS);

const LOAD_AGAIN_MS = 500;
const LOAD_TRIES = 60;

export interface RegionDeps {
  region: string;
  db: Db;
  redis: Redis;
  /** A connection that may wait for ever, for the queue. */
  queueRedis: Redis;
  prefix: string;
  box: SecretBox;
  pool: Prober;
  /** Batches in hand at once; as many as there are prober processes. */
  concurrency: number;
  ca?: string | undefined;
  /** How long batches wait. */
  ages?: AgeBook;
  /** Asks, before a failure is written down, whether it is this region that reaches nothing. */
  egress?: Egress;
  log: Log;
}

export function regionWorker(deps: RegionDeps): Worker {
  const worker = new Worker(queueName(deps.region), (job) => runJob(deps, job.data, job.timestamp), {
    connection: deps.queueRedis,
    prefix: queuePrefix(deps.prefix),
    concurrency: deps.concurrency,
    // A batch lasts at most a kill and a second run; its lock is renewed meanwhile. Lost with the process, it stays lost.
    lockDuration: 120_000,
    maxStalledCount: 0,
  });
  worker.on("error", (err) => deps.log.error({ err }, "the region queue reported an error"));
  worker.on("failed", (_job, err) => deps.log.error({ err }, "a probe batch failed"));
  return worker;
}

/** @param queuedMs when it was queued, epoch ms; for the age of the queue. @returns a word for the queue's own record */
export async function runJob(deps: RegionDeps, data: unknown, queuedMs?: number): Promise<string> {
  const job = probeJobSchema.parse(data);
  const taken = queuedMs === undefined || job.live ? undefined : deps.ages?.enter(queuedMs);
  try {
    return await runBatch(deps, job, () => taken?.(clockNow().getTime()));
  } finally {
    taken?.(clockNow().getTime());
  }
}

async function runBatch(deps: RegionDeps, job: ProbeJob, started: () => void): Promise<string> {
  if (!job.live && tooOld(job.slot, job.intervalS, clockNow().getTime())) {
    deps.log.warn(
      { slot: job.slot, servers: job.servers.length },
      "a probe batch came too late and was dropped: not checked",
    );
    return "dropped";
  }
  if (job.live?.trial) return runTrial(deps, { ...job, live: job.live });
  const { targets, policy, sealedShut, guarded, extras } = await loaded(deps, job);
  const shows = new Map(job.servers.map((s) => [s.id, job.live ? liveOf(deps, job, s.id) : null]));
  const writes: Promise<unknown>[] = [];
  let seen = 0;
  const note = (result: ProbeResult) => {
    seen++;
    const show = shows.get(result.serverId) ?? null;
    const judged = deps.egress?.pass(result) ?? result;
    const kept =
      judged instanceof Promise ? judged.then((r) => keep(deps, job, r, show)) : keep(deps, job, judged, show);
    writes.push(waitedFor(kept));
  };
  for (const id of sealedShut)
    note(faultResult(id, "", "The stored credential does not open with this key file: enter it again."));
  const pool = checking(deps.pool, deps, job, extras);
  const prober = waiting(credentialed({ ...deps, pool }, job.tenantId, guarded, job.live !== undefined), deps);
  await prober.run(
    targets,
    policy,
    { started, step: (id, step) => shows.get(id)?.step(step), result: note },
    job.live !== undefined,
    { job },
  );
  const unseen = targets.length + sealedShut.length - seen;
  if (unseen > 0)
    deps.log.warn({ slot: job.slot, servers: unseen }, "servers of a batch had no turn before its end: not checked");
  // Every write is waited for before one of them may fail the job.
  const failed = (await Promise.allSettled(writes)).find((w) => w.status === "rejected");
  if (failed) throw failed.reason;
  return unseen > 0 ? "in part" : "probed";
}

/** A database that restarts is waited for: failing at once would leave every server of these seconds unchecked. */
async function loaded(deps: RegionDeps, job: ProbeJob): Promise<Loaded> {
  for (let tries = 1; ; tries++) {
    try {
      return await loadTargets(deps.db, deps.box, job, deps.region, deps.ca);
    } catch (err) {
      const over = tries === LOAD_TRIES || tooOld(job.slot, job.intervalS, clockNow().getTime());
      if (over || !isOutage(err)) throw err;
      await new Promise((again) => setTimeout(again, LOAD_AGAIN_MS));
    }
  }
}

export async function keep(deps: RegionDeps, job: ProbeJob, result: ProbeResult, show: Live | null): Promise<Recorded> {
  const { tenantId, slot, intervalS } = job;
  const expected = job.servers.find((s) => s.id === result.serverId)?.expected ?? [deps.region];
  const finishedAt = clockNow();
  const warmKey = `${deps.prefix}:probed:${deps.region}:${result.serverId}`;
  const warm = await triedAgain(() => deps.redis.set(warmKey, "1", "EX", coldAfterS(intervalS), "GET"));
  const outcome = outcomeOf(result, {
    tenantId,
    region: deps.region,
    slot,
    cold: warm === null,
    finishedAt: finishedAt.getTime(),
  });
  await keepNewList(deps, result, outcome, finishedAt);
  const plan = { tenantId, serverId: result.serverId, slot, intervalS, expected };
  const transcript = result.transcript.steps.length === 0 ? null : result.transcript;
  const recorded = await triedAgain(() => record(deps.redis, deps.prefix, plan, outcome, transcript, finishedAt));
  deps.log.debug({ server: result.serverId, slot, status: outcome.status, reason: outcome.reason, recorded }, "probed");
  await show?.end(result);
  return recorded;
}

/** Before the slot can be sealed, so that whoever compares finds it. Without it there is an outcome all the same. */
async function keepNewList(deps: RegionDeps, { tools }: ProbeResult, outcome: Outcome, now: Date): Promise<void> {
  if (tools === undefined || outcome.tools === null) return;
  const { tenantId, serverId, region } = outcome;
  const { fullHash, contractHash } = outcome.tools;
  try {
    await keepList(deps.db, { tenantId, serverId, region, fullHash, contractHash, tools }, now);
  } catch (err) {
    deps.log.warn({ err, server: serverId }, "a tool list could not be kept; its hashes are compared all the same");
  }
}

function liveOf(deps: RegionDeps, job: ProbeJob, serverId: string): Live {
  const regions = job.servers.find((s) => s.id === serverId)?.expected.length ?? 1;
  return live(deps.db, { tenantId: job.tenantId, requestId: job.live?.requestId ?? "", region: deps.region, regions });
}
