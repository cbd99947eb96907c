// Everything that happens by itself, a line each. `npm start` runs all of them in the worker, and watch, deliver, escalate
// and fallback once more in the guard, so that somebody is left to say that the worker has stopped.
import type { Redis } from "ioredis";
import { now as clockNow } from "#lib/adapters/clock";
import { checkpointPlaces } from "#lib/adapters/checkpoint-key";
import { type Db, databaseUrls, type Sweeper } from "#lib/adapters/db";
import { env } from "#lib/adapters/env";
import { listen } from "#lib/adapters/listen";
import type { Log } from "#lib/adapters/log";
import { computeBaselines } from "./baseline/compute.ts";
import { judgeBurn } from "./baseline/burn.ts";
import { judgeElevated } from "./baseline/judge.ts";
import { expireApprovals } from "./approvals/expire.ts";
import { whatIsOwed } from "./after/owed.ts";
import { makePartitions } from "./archive/partitions.ts";
import { retain } from "./archive/retain.ts";
import { checkpoint } from "./audit/checkpoint.ts";
import { retireMonths } from "./audit/retire.ts";
import { type Streamer, streamLog } from "./audit/stream.ts";
import type { Dispatch } from "./delivery/dispatch.ts";
import { askReceipts } from "./delivery/receipts.ts";
import { deadLetterWatch } from "./delivery/dead-letters.ts";
import { takeOtherRoads } from "./delivery/fallback.ts";
import { sendDigests } from "./delivery/digest.ts";
import type { Outbox } from "./delivery/outbox.ts";
import { moveDrills } from "./drill/drills.ts";
import type { Duty } from "./duty.ts";
import { heartbeat, type ProcessRow } from "./heartbeat.ts";
import { forgetInbound } from "./inbound/forget.ts";
import { takeInbound } from "./inbound/take.ts";
import { inboundTurns } from "./inbound/turns.ts";
import { consume } from "./pipeline/consume.ts";
import { escalateDue } from "./pipeline/escalate.ts";
import type { Scheduler } from "./probe/schedule.ts";
import { sealDue } from "./probe/seal.ts";
import { followProofs, keepProofs } from "./proof/duty.ts";
import { makeReports } from "./reports/weekly.ts";
import { endStale, type Handlers, takeRequests } from "./requests/index.ts";
import { followClusters } from "./storm/clusters.ts";
import { followStorms, type StormMemory } from "./storm/storms.ts";
import { watchPace } from "./throttle/pace.ts";
import { resealAll } from "./secrets/reseal.ts";
import { selfChecker } from "./selfcheck.ts";
import { type DeadMan, pingAll } from "./selftest/dead-man.ts";
import { selftests } from "./selftest/selftest.ts";
import { endOverdueVisits } from "./visits/end-overdue.ts";
import { watchAccess } from "./watch/access.ts";
import { watchCredentials } from "./watch/credentials.ts";
import { logWatcher } from "./watch/log.ts";
import { watchQueues } from "./watch/queue.ts";
import { noteWaiting } from "./watch/regions.ts";
import { watcher } from "./watch/watch.ts";

export interface Parts {
  me: ProcessRow;
  db: Db;
  sweeper: Sweeper;
  redis: Redis;
  prefix: string;
  outbox: Outbox;
  delivering: Dispatch;
  scheduler: Scheduler;
  handlers: Handlers;
  streamer: Streamer;
  log: Log;
  /** What the dead-man switch needs of this process. */
  deadMan: Pick<DeadMan, "box" | "bases" | "send" | "stale">;
}

const SECOND = 1_000;
const timed = (
  name: string,
  everyMs: number,
  once: boolean,
  run: (now: Date, signal: AbortSignal, token: bigint | null) => Promise<unknown>,
): Duty => ({
  kind: "timed",
  name,
  everyMs,
  deadlineMs: Math.max(10 * SECOND, everyMs),
  staleMs: Math.max(30 * SECOND, 3 * everyMs),
  once,
  run: async (now, signal, token) => void (await run(now, signal, token)),
});

/** @param only names to run; all when absent. @throws RangeError for a name that is none */
export function duties(p: Parts, only?: readonly string[]): Duty[] {
  const watch = watcher(p.db, p.sweeper);
  const watchLog = logWatcher(p.db, p.sweeper);
  const deadLetters = deadLetterWatch(p.db, p.sweeper, p.log);
  const beginSelftest = selftests(p.db, p.redis, p.prefix);
  const selfCheck = selfChecker(p.db, p.sweeper);
  const storms: StormMemory = new Map();
  const all: Duty[] = [
    timed("heartbeat", 5 * SECOND, false, (now) => heartbeat(p.db, p.me, now)),
    timed("schedule", SECOND, true, async (now, _signal, token) => {
      await p.scheduler.tick(now, token);
      await beginSelftest(now);
    }),
    timed("pace", 5 * SECOND, true, (now) => watchPace(p.db, p.sweeper, now, p.log)),
    timed("seal", SECOND, false, (now) => sealDue(p.redis, p.prefix, now)),
    {
      kind: "loop",
      name: "decide",
      staleMs: 30 * SECOND,
      run: (signal, beat) =>
        consume(
          { db: p.db, redis: p.redis, prefix: p.prefix, consumer: p.me.id, log: p.log, wake: () => p.outbox.wake() },
          signal,
          beat,
        ),
    },
    { kind: "loop", name: "deliver", staleMs: 30 * SECOND, run: (signal, beat) => p.outbox.run(signal, beat) },
    timed("escalate", 2 * SECOND, false, (now) => escalateDue(p.db, p.sweeper, now)),
    timed("fallback", 5 * SECOND, true, (now) => takeOtherRoads(p.db, p.sweeper, now)),
    timed("receipts", 2 * SECOND, true, (now) => askReceipts(p.delivering, p.sweeper, now)),
    timed("dead_letters", 10 * SECOND, true, (now) => deadLetters(now)),
    timed("storms", 2 * SECOND, false, (now) => followStorms(p.db, p.sweeper, now, storms)),
    timed("clusters", SECOND, false, (now) => followClusters(p.db, p.sweeper, now)),
    timed("digests", SECOND, false, (now) => sendDigests(p.db, p.sweeper, now)),
    timed("watch", 5 * SECOND, false, async (now, signal) => {
      try {
        await watchAccess(p.db, now);
      } finally {
        await watch(now, { silentMs: await silentMs(p.sweeper), signal });
      }
    }),
    timed("watch_credentials", 30 * SECOND, true, (now) => watchCredentials(p.db, p.sweeper, now)),
    timed("regions", 15 * SECOND, true, (now) => noteWaiting(p.db, p.redis, p.prefix, now)),
    timed("selfcheck", 10 * SECOND, false, (now) => selfCheck(now)),
    timed("dead_man", 60 * SECOND, true, (now) =>
      pingAll({ ...p.deadMan, db: p.db, sweeper: p.sweeper, log: p.log }, now),
    ),
    timed("watch_log", 15 * SECOND, false, (now) => watchLog(now)),
    timed("requests", 2 * SECOND, false, async (now) => {
      await takeRequests(p.db, p.sweeper, p.handlers, p.log);
      await endStale(p.db, p.sweeper, now);
    }),
    timed("inbound", 2 * SECOND, false, inboundTurns(p.db, p.sweeper, p.log)),
    timed("inbound_old", 3_600 * SECOND, true, (now) => forgetInbound(p.db, p.sweeper, now)),
    timed("owed", 30 * SECOND, true, (now) => whatIsOwed(p.db, p.sweeper, now)),
    timed("drills", 2 * SECOND, true, (now) => moveDrills(p, now)),
    timed("queues", 60 * SECOND, true, (now) => watchQueues(p, now)),
    timed("visits", 30 * SECOND, true, () => endOverdueVisits(p.db, p.sweeper)),
    timed("checkpoint", 60 * SECOND, true, (now) => checkpoint(p.db, checkpointPlaces(env()), p.log, now)),
    timed("audit_streams", 10 * SECOND, true, (now, signal) => streamLog(p.streamer, now, signal)),
    timed("audit_months", 6 * 3_600 * SECOND, true, (now) => retireMonths(p.db, checkpointPlaces(env()), p.log, now)),
    timed("approvals", 60 * SECOND, true, (now) => expireApprovals(p.db, p.sweeper, now)),
    timed("baseline", 600 * SECOND, true, (now) => computeBaselines(p.db, p.sweeper, now)),
    timed("elevated", 60 * SECOND, true, (now) => judgeElevated(p.db, p.sweeper, now)),
    timed("burn", 60 * SECOND, true, (now) => judgeBurn(p.db, p.sweeper, now)),
    timed("proofs", 2 * SECOND, true, (now) => followProofs({ ...p, box: p.streamer.box }, now)),
    timed("keep_proofs", 300 * SECOND, true, (now, signal) => keepProofs({ ...p, box: p.streamer.box }, now, signal)),
    timed("retain", 3_600 * SECOND, true, (now, signal) => retain(p.db, p.log, now, signal)),
    timed("partitions", 3_600 * SECOND, true, (now) => makePartitions(p.db, now)),
    timed("secrets", 3_600 * SECOND, true, (_now, signal) =>
      resealAll(p.db, p.streamer.box, p.log, () => !signal.aborted),
    ),
    timed("reports", 3_600 * SECOND, true, (now, signal) => makeReports(p.db, now, signal)),
  ];
  const unknown = only?.find((name) => !all.some((d) => d.name === name));
  if (unknown !== undefined)
    throw new RangeError(`There is no duty "${unknown}": choose from ${all.map((d) => d.name).join(", ")}.`);
  return only === undefined ? all : all.filter((d) => d.name === "heartbeat" || only.includes(d.name));
}

/** Our own parts may be silent for two of the shortest interval that anybody is promised. */
async function silentMs(sweeper: Sweeper): Promise<number> {
  const [row] = await sweeper.find<{ shortest: number | null }>(
    "SELECT min(interval_s) AS shortest FROM server WHERE NOT paused AND removed_at IS NULL",
  );
  return 2 * SECOND * (row?.shortest ?? 60);
}

/** NOTIFY to wake, so that nobody waits for a poll. @param only as given to duties(): what is not run is not woken */
export function wakeUps(p: Parts, only?: readonly string[]): { close(): Promise<void> } {
  const runs = (duty: string) => only === undefined || only.includes(duty);
  const waker = { tocsin_outbox: "deliver", tocsin_request: "requests", tocsin_inbound: "inbound" } as const;
  const channels = (Object.keys(waker) as (keyof typeof waker)[]).filter((c) => runs(waker[c]));
  const missed = (what: string) => (err: unknown) =>
    p.log.warn({ err }, `${what} could not be taken; the next look is in 2 s`);
  const inbound = oneAtATime(() => takeInbound(p.db, p.sweeper, clockNow(), p.log, undefined, false));
  return listen(databaseUrls().worker, channels, (channel) => {
    if (channel === "tocsin_outbox") p.outbox.wake();
    else if (channel === "tocsin_inbound") inbound().catch(missed("alerts"));
    else takeRequests(p.db, p.sweeper, p.handlers, p.log).catch(missed("requests"));
  });
}

/** Woken while it works, it works once more: a burst of wakes is not a burst of work. */
function oneAtATime(work: () => Promise<unknown>): () => Promise<void> {
  let [busy, again] = [false, false];
  return async () => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      do {
        again = false;
        await work();
      } while (again);
    } finally {
      busy = false;
    }
  };
}
