// The dead-man switch: each minute a ping to somebody else's service, and none while anything of ours stands still. Its
// silence is heard there, when nobody here can say anything any more.
import { type Db, PLATFORM_TENANT, type Sweeper, WORKER_ACTOR } from "#lib/adapters/db";
import { OPERATORS_CHOICE } from "#lib/adapters/answer";
import type { Log } from "#lib/adapters/log";
import { places, type SecretBox } from "#lib/adapters/secrets";
import type { Send } from "#lib/adapters/send";
import {
  existenceOf,
  type HeartbeatBases,
  type HeartbeatKind,
  type HeartbeatPlace,
  type HeartbeatRequest,
  pingOf,
  problemOf,
} from "#lib/domain/heartbeat-target";
import { cameThrough } from "#lib/domain/selftest";
import { selftestFacts } from "./selftest.ts";

const TIMEOUT_MS = 10_000;

export interface DeadMan {
  db: Db;
  sweeper: Sweeper;
  box: SecretBox;
  bases: HeartbeatBases;
  send: Send;
  log: Log;
  /** Names of duties of this process that are late. */
  stale(): string[];
}

interface Row {
  id: string;
  kind: HeartbeatKind;
  name: string;
  config: HeartbeatPlace["config"];
  sealed: Uint8Array | null;
  pinged_at: Date | null;
  problem: string;
}

const context = { tenantId: PLATFORM_TENANT, actorId: WORKER_ACTOR };

/** @returns how many pings were taken */
export async function pingAll(d: DeadMan, now: Date): Promise<number> {
  const well = cameThrough(await selftestFacts(d.sweeper), now) && d.stale().length === 0;
  const targets = await d.db.withTenant(
    { ...context, readOnly: true },
    (tx) =>
      tx.$queryRaw<Row[]>`SELECT id, kind, name, config, sealed, pinged_at, problem FROM heartbeat_target
      WHERE tenant_id = app.tenant() AND removed_at IS NULL ORDER BY created_at LIMIT 20`,
  );
  if (!well) {
    if (targets.length > 0)
      d.log.error({ stale: d.stale() }, "the heartbeat is held back: the installation is not well");
    await write(
      d.db,
      targets.map((t) => t.id),
      now,
      null,
    );
    return 0;
  }
  const answers = await Promise.all(targets.map(async (t) => ({ id: t.id, problem: await ping(d, t) })));
  for (const { id, problem } of answers) await write(d.db, [id], now, problem);
  return answers.filter((a) => a.problem === "").length;
}

async function ping(d: DeadMan, row: Row): Promise<string> {
  try {
    if (row.sealed === null) return "Its key is gone: remove it and add it again.";
    const secret = await d.box.open(d.db, places.heartbeat(PLATFORM_TENANT, row.id), row.sealed);
    const place: HeartbeatPlace = { kind: row.kind, name: row.name, config: row.config, secret };
    const look = row.pinged_at === null || row.problem !== "" ? existenceOf(place, d.bases) : null;
    const unknown = look === null ? "" : problemOf(await ask(d, look));
    return unknown === "" ? problemOf(await ask(d, pingOf(place, d.bases))) : unknown;
  } catch (err) {
    d.log.warn({ err, heartbeat: row.id }, "a heartbeat could not be sent");
    return "It could not be sent by a fault of ours: see the worker's log.";
  }
}

const ask = (d: DeadMan, request: HeartbeatRequest) =>
  d.send(
    { via: "http", label: "heartbeat", host: "operator", ...request },
    { policy: OPERATORS_CHOICE, timeoutMs: TIMEOUT_MS },
  );

/** @param problem null: it was held back */
function write(db: Db, ids: string[], now: Date, problem: string | null): Promise<void> {
  return db.withTenant(context, async (tx) => {
    await tx.$executeRaw`UPDATE heartbeat_target SET held_back_at = CASE WHEN ${problem}::text IS NULL THEN ${now} ELSE held_back_at END,
      pinged_at = CASE WHEN ${problem}::text = '' THEN ${now} ELSE pinged_at END, problem = coalesce(${problem}::text, problem)
      WHERE tenant_id = app.tenant() AND id = ANY (${ids}::uuid[]) AND removed_at IS NULL`;
  });
}
