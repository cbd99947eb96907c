// The process that serves agents: node worker/agents/main.ts. It stands beside the worker and not in the console,
// because it holds what probers hold; docs/decisions/0008 says more.
import { readFileSync } from "node:fs";
import { monotonicMs } from "#lib/adapters/clock";
import { databaseUrls, openDb } from "#lib/adapters/db";
import { env } from "#lib/adapters/env";
import { createLog } from "#lib/adapters/log";
import { openRedis, redisPrefix } from "#lib/adapters/redis";
import { secrets } from "#lib/adapters/secrets";
import { TocsinError } from "#lib/domain/error";
import type { DutyState } from "../duty.ts";
import { readiness, serveHealth } from "../health.ts";
import { openGateway } from "./gateway.ts";

const REFRESH_MS = 5_000;
const DRAIN_MS = 8_000;

function certificate(cert: string | undefined, key: string | undefined) {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined)
    throw new TocsinError("E_CONFIG", "Name both TOCSIN_AGENT_TLS_CERT and TOCSIN_AGENT_TLS_KEY, or neither.");
  return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
}

async function main(): Promise<void> {
  const settings = env();
  if (settings.TOCSIN_AGENT_PORT === undefined)
    throw new TocsinError("E_CONFIG", "Say in TOCSIN_AGENT_PORT on which port agents are served.");
  const tls = certificate(settings.TOCSIN_AGENT_TLS_CERT, settings.TOCSIN_AGENT_TLS_KEY);
  const box = secrets();
  const log = createLog("agents", settings.LOG_LEVEL);
  const db = openDb(databaseUrls().worker, { poolSize: 8, applicationName: "tocsin-agents" });
  const redis = openRedis();
  const queueRedis = openRedis(settings.REDIS_URL, { blocking: true });
  const gateway = await openGateway({
    ...{ db, redis, queueRedis, prefix: redisPrefix(), box, log, secret: settings.TOCSIN_SECRET },
    door: {
      port: settings.TOCSIN_AGENT_PORT,
      host: settings.TOCSIN_AGENT_HOST,
      tls,
      trustedProxies: settings.TOCSIN_TRUSTED_PROXIES,
    },
  });
  const state: DutyState = {
    ...{ name: "regions", staleMs: 4 * REFRESH_MS, lastBeat: monotonicMs(), elsewhere: false, lastError: null },
  };
  const refresh = async () => {
    try {
      await gateway.refresh();
      [state.lastBeat, state.lastError] = [monotonicMs(), null];
    } catch (err) {
      state.lastError = err instanceof Error ? err.message : String(err);
    }
  };
  const refreshing = setInterval(() => void refresh(), REFRESH_MS);
  let draining = false;
  const health = await serveHealth(settings.TOCSIN_HEALTH_PORT, () => readiness([state], draining));
  log.info({ port: gateway.port, tls: tls !== undefined, healthPort: health.port }, "serving agents");

  const drain = async (signal: string) => {
    if (draining) return;
    draining = true;
    log.info({ signal }, "draining: what is out with agents is recorded by another gateway, or not at all");
    clearInterval(refreshing);
    await Promise.race([gateway.close(), new Promise((done) => setTimeout(done, DRAIN_MS))]);
    await Promise.allSettled([health.close(), db.close()]);
    redis.disconnect();
    queueRedis.disconnect();
    process.exit(0);
  };
  process.on("SIGTERM", () => void drain("SIGTERM"));
  process.on("SIGINT", () => void drain("SIGINT"));
}

main().catch((err) => {
  process.stderr.write(`${err instanceof TocsinError ? err.message : String(err?.stack ?? err)}\n`);
  process.exit(1);
});
