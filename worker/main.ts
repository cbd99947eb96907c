// The worker: node worker/main.ts [--duties watch,deliver,escalate,fallback,selfcheck]. The only file that builds things: environment → adapters →
// duties → run. With a choice of duties it is a guard. Drains in order on SIGTERM and SIGINT.
import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { checkpointPlaces } from "#lib/adapters/checkpoint-key";
import { now } from "#lib/adapters/clock";
import { armCrashPoint } from "#lib/adapters/crash";
import { databaseUrls, openDb, openSweeper } from "#lib/adapters/db";
import { env, extraCa, sinkBases } from "#lib/adapters/env";
import { releaseLeases } from "#lib/adapters/lock";
import { createLog } from "#lib/adapters/log";
import { openRedis, redisPrefix } from "#lib/adapters/redis";
import { keysFit, secrets } from "#lib/adapters/secrets";
import { send } from "#lib/adapters/send";
import { streamSender } from "#lib/adapters/send-stream";
import { TocsinError } from "#lib/domain/error";
import { REQUESTS } from "#lib/requests";
import { Breakers } from "./delivery/breaker.ts";
import { Outbox } from "./delivery/outbox.ts";
import { duties, type Parts, wakeUps } from "./duties.ts";
import { runDuties } from "./duty.ts";
import { readiness, serveHealth } from "./health.ts";
import { farewell, heartbeat, type ProcessRow } from "./heartbeat.ts";
import { scheduler } from "./probe/schedule.ts";
import { nameRegions } from "./regions.ts";
import { failRequest } from "./requests/index.ts";
import { selftestSeen } from "./selftest/selftest.ts";
import { rewrapKeys } from "./requests/rewrap-keys.ts";
import { rotateKey } from "./requests/rotate-key.ts";

const DRAIN_MS = 10_000;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { duties: { type: "string" } } });
  const only = values.duties?.split(",").filter(Boolean);
  const settings = env();
  armCrashPoint(settings.TOCSIN_CRASH_AT);
  const me: ProcessRow = { id: randomUUID(), kind: only === undefined ? "worker" : "guard", region: null };
  const log = createLog(me.kind, settings.LOG_LEVEL);
  const box = secrets();
  await keysFit();
  const urls = databaseUrls();
  const db = openDb(urls.worker, { poolSize: 16, applicationName: `tocsin-${me.kind}` });
  const sweeper = openSweeper(urls.sweeper);
  const redis = openRedis();
  const queueRedis = openRedis(settings.REDIS_URL, { blocking: true });
  const prefix = redisPrefix();
  const probes = scheduler({ sweeper, redis, queueRedis, prefix });
  const bases = sinkBases();
  let stale = (): string[] => [];
  const delivering = { db, box, bases, send, random: Math.random };
  const outbox = new Outbox(delivering, sweeper, me.id, log, new Breakers(db, sweeper, log));
  const parts: Parts = {
    ...{ me, db, sweeper, redis, prefix, outbox, delivering, scheduler: probes, log },
    deadMan: { box, bases, send, stale: () => stale() },
    streamer: { db, box, send: streamSender(send), ca: extraCa, log },
    handlers: {
      "probe-now": async ({ tenantId, id, payload }, at) => {
        const { serverId } = REQUESTS["probe-now"].parse(payload);
        const jobs = await probes.probeNow({ tenantId, serverId, requestId: id }, at);
        if (jobs === 0) await failRequest(db, tenantId, id, "There is no such server any more.", at);
      },
      "try-check": async ({ tenantId, id, payload }, at) => {
        const { serverId } = REQUESTS["try-check"].parse(payload);
        const jobs = await probes.probeNow({ tenantId, serverId, requestId: id, trial: true }, at);
        if (jobs === 0) await failRequest(db, tenantId, id, "There is no such server any more.", at);
      },
      "rotate-key": (request, at) => rotateKey(db, checkpointPlaces(env()), request, log, at),
      "rewrap-keys": (request, at) => rewrapKeys(db, box, request, log, at),
    },
  };

  await nameRegions(db, settings.TOCSIN_REGIONS);
  await heartbeat(db, me, now());
  const running = runDuties(duties(parts, only), me.id, db, log);
  const wakes = wakeUps(parts, only);
  let draining = false;
  const health = await serveHealth(
    settings.TOCSIN_HEALTH_PORT,
    () => readiness(running.states(), draining),
    (id) => selftestSeen(db, id, now()),
  );
  bases.loopback = `http://127.0.0.1:${health.port}`;
  stale = () => readiness(running.states(), false).stale.map((s) => s.name);
  log.info({ healthPort: health.port, pid: process.pid, duties: running.states().map((s) => s.name) }, "working");

  const drain = async (signal: string) => {
    if (draining) return;
    draining = true;
    log.info({ signal }, "draining: finishing what is in hand");
    await wakes.close();
    // What does not end in time keeps its lease or its place in the stream, and another process finishes it.
    await Promise.race([running.stop(), new Promise((done) => setTimeout(done, DRAIN_MS).unref())]);
    await releaseLeases(db, me.id, now()).catch(() => {});
    await farewell(db, me, now()).catch(() => {});
    await Promise.allSettled([probes.close(), health.close(), sweeper.close(), db.close()]);
    for (const connection of [redis, queueRedis]) connection.disconnect();
    process.exit(0);
  };
  process.on("SIGTERM", () => void drain("SIGTERM"));
  process.on("SIGINT", () => void drain("SIGINT"));
}

main().catch((err) => {
  // One sentence for whoever started it; a configuration error needs no stack.
  process.stderr.write(
    `${err instanceof TocsinError || err instanceof RangeError ? err.message : String(err?.stack ?? err)}\n`,
  );
  process.exit(1);
});
