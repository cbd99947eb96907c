// Alerts of other monitors down the same road as everything else: what is new is walked through the pipeline, and what
// was not sent again in its time is over. Each in a transaction of its own; what fails stays and is tried again.
import { type Db, type Sweeper, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { monotonicMs } from "#lib/adapters/clock";
import type { Log } from "#lib/adapters/log";
import { alertKey } from "#lib/domain/inbound";
import type { Severity } from "#lib/domain/reason";
import { unlookedVerdict, type Verdict } from "#lib/domain/verdict";
import { type Decided, walk } from "../pipeline/decide.ts";
import type { Subject } from "../pipeline/passage.ts";

const AT_ONCE = 200;
const SIDE_BY_SIDE = 4;
/** Of one look; what is left is looked at next. A duty that takes all of its ten seconds counts as stuck. */
const TURN_MS = 5_000;
const SLOT_MS = 60_000;
/** What waits for far longer was written while the clock was ahead. */
const LONGEST_PAUSE_S = 300;

interface Found {
  tenant_id: string;
  source_id: string;
  fingerprint: string;
}

/**
 * @param ends whether what was not sent again in its time counts as over now: see turns.ts
 * @returns how many were looked at. @throws the first failure, after all others had their turn
 */
export async function takeInbound(
  db: Db,
  sweeper: Sweeper,
  now: Date,
  log: Log,
  signal?: AbortSignal,
  ends = true,
  turnMs = TURN_MS,
): Promise<number> {
  const t0 = monotonicMs();
  const stops = () => signal?.aborted === true || monotonicMs() - t0 > turnMs;
  let looked = 0;
  for (;;) {
    // Sources take turns: whoever sends ten thousand at once makes nobody else's page wait for all of them.
    const due = await sweeper.find<Found & Record<string, unknown>>(
      `SELECT tenant_id, source_id, fingerprint FROM (
         SELECT *, row_number() OVER (PARTITION BY tenant_id, source_id ORDER BY since) AS turn FROM (
           SELECT tenant_id, source_id, fingerprint, least(waiting_since, CASE WHEN status = 'firing' THEN ends_at END) AS since
           FROM inbound_alert WHERE waiting_since <= $1 OR waiting_since > $3 OR ($4 AND status = 'firing' AND ends_at <= $1)) w) t
       ORDER BY turn, since LIMIT $2`,
      [now, AT_ONCE, new Date(now.getTime() + 2_000 * LONGEST_PAUSE_S), ends],
    );
    const failures: unknown[] = [];
    let moved = 0;
    const queue = due.values();
    const worker = async () => {
      for (const one of queue) {
        if (stops()) return;
        try {
          if (await lookAt(db, one, { now, ends }, log)) moved++;
        } catch (err) {
          failures.push(err);
          await later(db, one, now).catch(() => {});
        }
      }
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
    looked += moved;
    if (failures.length > 0) throw failures[0];
    if (due.length < AT_ONCE || moved === 0 || stops()) return looked;
  }
}

interface Row {
  status: "firing" | "resolved";
  severity: Severity;
  title: string;
  body: string;
  labels: Record<string, string>;
  starts_at: Date;
  ends_at: Date | null;
  waiting_since: Date | null;
  source: string;
  revoked: boolean;
  tenant: string;
  /** Than it was when its incident was closed. */
  graver: boolean;
}

/** @returns false when another process has it, or nothing is to be done any more */
function lookAt(db: Db, found: Found, at: { now: Date; ends: boolean }, log: Log): Promise<boolean> {
  const { now, ends } = at;
  const { tenant_id: tenantId, source_id: sourceId, fingerprint } = found;
  const work = db.withTenant({ tenantId, actorId: WORKER_ACTOR }, async (tx) => {
    const [row] = await tx.$queryRaw<
      Row[]
    >`SELECT a.status, a.severity, a.title, a.body, a.labels, a.starts_at, a.ends_at, a.waiting_since,
        s.name AS source, s.revoked_at IS NOT NULL AS revoked, t.name AS tenant, coalesce(i.state = 'resolved' AND a.severity < i.severity, false) AS graver
      FROM inbound_alert a LEFT JOIN incident i ON i.tenant_id = a.tenant_id AND i.id = a.incident_id
      JOIN inbound_source s ON s.tenant_id = a.tenant_id AND s.id = a.source_id JOIN tenant t ON t.id = a.tenant_id
      WHERE a.tenant_id = app.tenant() AND a.source_id = ${sourceId}::uuid AND a.fingerprint = ${fingerprint}
      FOR UPDATE OF a SKIP LOCKED`;
    if (row === undefined) return false;
    const unsent = ends && row.status === "firing" && row.ends_at !== null && row.ends_at <= now;
    if (!unsent && row.waiting_since === null) return false;
    const over = unsent || row.status === "resolved";
    const decided = await walk(tx, {
      tenantId,
      subject: subjectOf(row, alertKey(sourceId, fingerprint)),
      verdict: verdictOf(row, over, unsent),
      sealed: null,
      // Whoever closed it by hand knew of what it was then, and is told of what is worse.
      slot: over || row.graver || row.starts_at > now ? now : row.starts_at,
      now,
      atOnce: false,
      before: { bad: 0, good: 0, flips: [] },
    });
    if (decided.nobodyToTell)
      log.warn({ tenant: tenantId, incident: decided.incidentId }, "nobody is told of an alert");
    await note(tx, found, over, decided);
    return true;
  });
  return unlessErased(work, false);
}

async function note(tx: Tx, found: Found, over: boolean, decided: Decided): Promise<void> {
  const incidentId = decided.incidentId ?? decided.resolved[0] ?? null;
  const outcome = over
    ? decided.resolved.length > 0
      ? "resolved"
      : "not_opened"
    : decided.change === null
      ? "closed_by_hand"
      : decided.change === "opened"
        ? "opened"
        : "extended";
  await tx.$executeRaw`UPDATE inbound_alert SET status = ${over ? "resolved" : "firing"}, waiting_since = NULL, tries = 0, outcome = ${outcome},
    incident_id = coalesce(${incidentId}::uuid, incident_id)
    WHERE tenant_id = app.tenant() AND source_id = ${found.source_id}::uuid AND fingerprint = ${found.fingerprint}`;
}

/** It stays, and is looked at again after a pause that grows. */
function later(db: Db, found: Found, now: Date): Promise<unknown> {
  return db.withTenant(
    { tenantId: found.tenant_id, actorId: WORKER_ACTOR },
    (tx) =>
      tx.$executeRaw`UPDATE inbound_alert SET tries = tries + 1, outcome = 'failed',
      waiting_since = ${now}::timestamptz + make_interval(secs => least(${LONGEST_PAUSE_S}, 2 ^ least(tries, 9)))
      WHERE tenant_id = app.tenant() AND source_id = ${found.source_id}::uuid AND fingerprint = ${found.fingerprint}`,
  );
}

function subjectOf(row: Row, key: string): Subject {
  return {
    ...{ kind: "alert", key, serverId: null, name: row.title, url: "", tenantName: row.tenant, weight: "own" },
    ...{ fireAfter: 1, clearAfter: 1, intervalMs: SLOT_MS, severity: row.severity },
    labels: { ...row.labels, source: row.source },
  };
}

function verdictOf(row: Row, over: boolean, unsent: boolean): Verdict {
  if (over) {
    const why = row.revoked
      ? `The key of ${row.source} was taken back, so nobody says any more whether this goes on.`
      : unsent
        ? `${row.source} did not send it again in its time, so it counts as over.`
        : `${row.source} says that it is over.`;
    return unlookedVerdict("up", null, why);
  }
  const said = row.body === "" ? row.title : row.body;
  const evidence = `${row.source} says: ${said}`.slice(0, 500);
  return { ...unlookedVerdict("unknown", "external_alert", evidence), status: "down", pattern: "all", unlooked: false };
}
