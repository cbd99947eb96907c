// The process of one region: node worker/probe/main.ts --region fra. It probes what its queue holds, says every few
// seconds that it is there, and on SIGTERM finishes what it has in hand before it goes.
import { randomUUID } from "node:crypto";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Queue } from "bullmq";
import { monotonicMs, now } from "#lib/adapters/clock";
import { databaseUrls, openDb } from "#lib/adapters/db";
import { env, extraCa } from "#lib/adapters/env";
import { createLog } from "#lib/adapters/log";
import { openRedis, redisPrefix } from "#lib/adapters/redis";
import { keysFit, secrets } from "#lib/adapters/secrets";
import { TocsinError } from "#lib/domain/error";
import type { DutyState } from "../duty.ts";
import { readiness, serveHealth } from "../health.ts";
import { farewell, heartbeat, type ProcessRow } from "../heartbeat.ts";
import { egress } from "./egress.ts";
import { offlineNote } from "./offline.ts";
import { runBook } from "../throttle/runs.ts";
import { ageBook, writeAge } from "./ages.ts";
import { cgroups } from "./cgroup.ts";
import { queueName, queuePrefix } from "./job.ts";
import { regionWorker } from "./region.ts";
import { ProberPool } from "./supervisor.ts";

const HEARTBEAT_MS = 5_000;
const DRAIN_MS = 8_000;
const LAST_MS = 2_000;
/** Processes at most, of which a tenant has a quarter; they are started as they are needed. */
const PROBERS = Math.max(8, 2 * availableParallelism());
/** Taken from the queue at once: they wait here for a process, each tenant behind itself. */
const IN_HAND = 256;

function regionName(): string {
  const { values } = parseArgs({ options: { region: { type: "string" } } });
  const region = values.region ?? "";
  if (!/^[a-z0-9-]{1,32}$/.test(region))
    throw new TocsinError("E_CONFIG", "Say which region this is: node worker/probe/main.ts --region fra");
  return region;
}

async function main(): Promise<void> {
  const region = regionName();
  const settings = env();
  const box = secrets();
  await keysFit();
  const log = createLog(`probe-${region}`, settings.LOG_LEVEL);
  const db = openDb(databaseUrls().worker, { poolSize: 4, applicationName: `tocsin-probe-${region}` });
  const redis = openRedis();
  const queueRedis = openRedis(settings.REDIS_URL, { blocking: true });
  const groups = cgroups();
  const book = runBook(db, region, log);
  const ages = ageBook(now().getTime());
  const pool = new ProberPool({
    size: PROBERS,
    region,
    cgroups: groups,
    onExit: (exit) => {
      const orderly = exit.reason === "recycled" || exit.reason === "closed";
      log[orderly ? "info" : "error"]({ exit }, `a prober process ended: ${exit.reason}`);
      book.add(exit);
    },
  });
  const line = egress(settings.TOCSIN_EGRESS_TARGETS, { ca: extraCa() });
  const worker = regionWorker({
    region,
    db,
    redis,
    queueRedis,
    prefix: redisPrefix(),
    box,
    pool,
    concurrency: IN_HAND,
    ages,
    ca: extraCa(),
    egress: line,
    log,
  });
  const note = offlineNote(db, region);
  const queue = new Queue(queueName(region), { connection: redis, prefix: queuePrefix(redisPrefix()) });
  const me: ProcessRow = { id: randomUUID(), kind: "prober", region };
  const states: DutyState[] = ["heartbeat", "queue"].map((name) => ({
    name,
    staleMs: 4 * HEARTBEAT_MS,
    lastBeat: monotonicMs(),
    elsewhere: false,
    lastError: null,
  }));
  let draining = false;

  const beat = async () => {
    const [beatState, queueState] = states as [DutyState, DutyState];
    await attempt(beatState, async () => {
      await heartbeat(db, me, now());
      await note(await line.beat(), now());
    });
    await attempt(queueState, async () => {
      await redis.ping();
      if (!worker.isRunning()) throw new Error("the queue is not read");
      const minute = ages.close(now().getTime(), await oldestQueued(queue));
      if (minute !== null) await writeAge(redis, redisPrefix(), region, minute);
    });
    await book.flush().catch((err) => log.error({ err }, "the ends of prober processes wait to be written"));
  };
  await beat();
  const beating = setInterval(() => void beat(), HEARTBEAT_MS);
  const health = await serveHealth(settings.TOCSIN_HEALTH_PORT, () => readiness(states, draining));
  const limits = groups === null ? "the supervisor's own watch" : "control groups and the supervisor's own watch";
  log.info({ region, healthPort: health.port, pid: process.pid, probers: PROBERS, limits }, "probing");

  const drain = async (signal: string) => {
    if (draining) return;
    draining = true;
    log.info({ signal }, "draining: finishing the batches in hand");
    clearInterval(beating);
    // What does not end in time is sealed without this region; its slots say so.
    await Promise.race([worker.close(), new Promise((done) => setTimeout(done, DRAIN_MS))]);
    await pool.close();
    await book.flush().catch(() => {});
    // What the last batches saw is written meanwhile; with the queue away this would wait until it is back.
    await Promise.race([worker.close(true).catch(() => {}), new Promise((done) => setTimeout(done, LAST_MS))]);
    await farewell(db, me, now()).catch(() => {});
    await Promise.allSettled([queue.close(), health.close(), db.close()]);
    redis.disconnect();
    queueRedis.disconnect();
    process.exit(0);
  };
  process.on("SIGTERM", () => void drain("SIGTERM"));
  process.on("SIGINT", () => void drain("SIGINT"));
}

/** When the batch that has waited longest in the queue itself was put there, epoch ms. */
async function oldestQueued(queue: Queue): Promise<number | null> {
  const [oldest] = await queue.getJobs(["waiting"], 0, 0, true);
  return oldest?.timestamp ?? null;
}

async function attempt(state: DutyState, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    state.lastBeat = monotonicMs();
    state.lastError = null;
  } catch (err) {
    state.lastError = err instanceof Error ? err.message : String(err);
  }
}

main().catch((err) => {
  process.stderr.write(`${err instanceof TocsinError ? err.message : String(err?.stack ?? err)}\n`);
  process.exit(1);
});
