// What became of each prober process, as rows. Ordinary ends are written some at a time; a kill at once, in one
// transaction with its row in the log of the tenant in whose checks it happened.
import { randomUUID } from "node:crypto";
import { audit } from "#lib/adapters/audit";
import { type Db, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import type { Log } from "#lib/adapters/log";
import { isOutage } from "#lib/adapters/outage";
import type { ProberExit } from "../probe/prober-process.ts";

/** Of each, kept while the database is away; what is more than this is lost, and the log of the process has it. */
const MOST = 2_000;

export interface RunBook {
  /** Returns at once; never throws. */
  add(exit: ProberExit): void;
  /** Writes what waits. @throws what the database throws; it is tried again with the next */
  flush(): Promise<void>;
}

export function runBook(db: Db, region: string, log: Log): RunBook {
  let waiting: ProberExit[] = [];
  const kills = new Set<ProberExit>();
  let writing: Promise<void> | null = null;
  const writeKills = async () => {
    const failures: unknown[] = [];
    // Each is tried once: one that is refused holds up no other, or no tenant would be slowed down any more.
    for (const exit of kills) {
      try {
        await writeKill(db, region, exit);
        kills.delete(exit);
      } catch (err) {
        failures.push(err);
        if (isOutage(err)) break;
      }
    }
    if (failures.length > 0) throw failures[0];
  };
  const hurry = () => {
    writing ??= writeKills().finally(() => {
      writing = null;
    });
    return writing;
  };
  return {
    add(exit) {
      if ((exit.culprit === null ? waiting.length : kills.size) >= MOST) return;
      if (exit.culprit === null) waiting.push(exit);
      else {
        kills.add(exit);
        hurry().catch((err) => log.error({ err }, "a kill could not be written down; it is tried again"));
      }
    },
    async flush() {
      const [killed] = await Promise.allSettled([hurry()]);
      const batch = waiting;
      waiting = [];
      try {
        if (batch.length > 0) await db.global((tx) => insertRuns(tx, region, batch, null));
      } catch (err) {
        waiting = [...batch, ...waiting];
        throw err;
      }
      if (killed.status === "rejected") throw killed.reason;
    },
  };
}

/** The run, the kill and its row in the log: all or none. */
async function writeKill(db: Db, region: string, exit: ProberExit): Promise<void> {
  const { tenantId = "", serverIds = [], batchMs = 0 } = exit.culprit ?? {};
  const context = { tenantId, actorId: WORKER_ACTOR };
  const work = db.withTenant(context, async (tx) => {
    // Its run stands there: an earlier try was committed, and only its answer was lost.
    if ((await insertRuns(tx, region, [exit], tenantId)) === 0) return;
    // Named where there is one alone; of several nobody knows yet which it was.
    const [only] = serverIds.length === 1 ? serverIds : [];
    await tx.$executeRaw`INSERT INTO probe_kill (tenant_id, id, run_id, region, server_id, servers, why, batch_ms, at)
      VALUES (app.tenant(), ${randomUUID()}::uuid, ${exit.id}::uuid, ${region},
        (SELECT s.id FROM server s WHERE s.tenant_id = app.tenant() AND s.id = ${only ?? null}::uuid),
        ${serverIds.length}, ${exit.reason}, ${batchMs}, ${exit.endedAt})`;
    await audit(tx, context, {
      action: "prober.kill",
      target: only === undefined ? `tenant:${tenantId}` : `server:${only}`,
      body: { why: WHY[exit.reason] ?? exit.reason, region, servers: serverIds.length, afterMs: batchMs, run: exit.id },
    });
  });
  await unlessErased(work, undefined);
}

const WHY: Partial<Record<ProberExit["reason"], string>> = {
  wall: "it was not done after 50 s",
  stalled: "reading an answer kept the prober busy for 10 s",
  memory: "reading an answer took more memory than a prober has",
  crash: "the prober ended in the middle of it",
};

async function insertRuns(
  tx: Tx,
  region: string,
  exits: readonly ProberExit[],
  culprit: string | null,
): Promise<number> {
  const rows = JSON.stringify(
    exits.map((e) => ({
      ...{ id: e.id, pid: e.pid, started_at: e.startedAt, ended_at: e.endedAt, reason: e.reason },
      ...{ exit_code: e.exitCode, signal: e.signal, probes: e.probes, cpu_ms: e.cpuMs, max_rss_bytes: e.maxRssBytes },
      ...{ wall_ms: e.lifeMs, stdout_bytes: e.stdoutBytes, stderr_bytes: e.stderrBytes },
    })),
  );
  return tx.$executeRaw`INSERT INTO prober_run (id, region, pid, started_at, ended_at, reason, exit_code, signal, probes, cpu_ms,
      max_rss_bytes, wall_ms, stdout_bytes, stderr_bytes, culprit_id)
    SELECT r.id, ${region}, r.pid, r.started_at, r.ended_at, r.reason, r.exit_code, r.signal, r.probes, r.cpu_ms,
      r.max_rss_bytes, r.wall_ms, r.stdout_bytes, r.stderr_bytes, ${culprit}::uuid
    FROM jsonb_to_recordset(${rows}::jsonb) AS r (id uuid, pid int, started_at timestamptz, ended_at timestamptz, reason text,
      exit_code int, signal text, probes int, cpu_ms bigint, max_rss_bytes bigint, wall_ms bigint, stdout_bytes bigint, stderr_bytes bigint)
    ON CONFLICT (id) DO NOTHING`;
}
