// What becomes of storms, looked at again and again: what they say of themselves, whether they are over, and that nobody
// waits for one that is.
import { type Db, type Sweeper, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { hint, liveHint } from "#lib/adapters/hint";
import { closeIncident } from "#lib/commands/incident/close";
import { acknowledgeMembers } from "#lib/commands/incident/members";
import { type Incident, incidentById } from "#lib/commands/incident/row";
import type { Reason, Severity, Status } from "#lib/domain/reason";
import { isGraver } from "#lib/domain/severity";
import { causeOfStorm, isOver, stormSentence } from "#lib/domain/storm";
import { walk } from "../pipeline/decide.ts";
import { stormVerdict, subjectOf } from "../pipeline/storm.ts";

interface Look {
  tenant_id: string;
  id: string;
  all: number;
  failing: number;
  open: number;
  acknowledged: boolean;
  severity: Severity | null;
  said: Severity;
}

/** What each storm looked like when it was last gone into; forgetting it costs one look. */
export type StormMemory = Map<string, { looks: string; at: number }>;
/** A storm that grows says its number anew after this time, not with every member. */
const WORDS_MS = 10_000;

/** @returns how many storms ended now. @throws the first failure, after every storm had its turn */
export async function followStorms(
  db: Db,
  sweeper: Sweeper,
  now: Date,
  memory: StormMemory = new Map(),
): Promise<number> {
  const live = await sweeper.find<Look>(
    `SELECT s.tenant_id, s.id, s.state = 'acknowledged' AS acknowledged, s.severity AS said, count(i.id)::int AS all,
       min(i.severity) FILTER (WHERE i.state <> 'resolved') AS severity,
       count(i.id) FILTER (WHERE i.state <> 'resolved')::int AS failing, count(i.id) FILTER (WHERE i.state = 'open')::int AS open
     FROM incident s LEFT JOIN storm_member m ON m.tenant_id = s.tenant_id AND m.storm_id = s.id
     LEFT JOIN incident i ON i.tenant_id = m.tenant_id AND i.id = m.incident_id
     WHERE s.subject_kind = 'storm' AND s.state <> 'resolved' GROUP BY s.tenant_id, s.id, s.state, s.severity`,
  );
  for (const id of memory.keys()) if (!live.some((l) => l.id === id)) memory.delete(id);
  const failures: unknown[] = [];
  const each = async <T>(work: Promise<T>, otherwise: T): Promise<T> =>
    unlessErased(work, otherwise).catch((err) => {
      failures.push(err);
      return otherwise;
    });
  let ended = 0;
  for (const look of live) {
    const looks = JSON.stringify([look.all, look.severity]);
    const seen = memory.get(look.id);
    const graver = look.severity !== null && isGraver(look.severity, look.said);
    const urgent =
      graver || isOver(look.all, look.failing) || look.failing === 0 || (look.acknowledged && look.open > 0);
    if (!urgent && (seen?.looks === looks || (seen !== undefined && now.getTime() - seen.at < WORDS_MS))) continue;
    memory.set(look.id, { looks, at: now.getTime() });
    if (await each(follow(db, look.tenant_id, look.id, now), false)) ended++;
  }
  const waiting = await sweeper.find<{ tenant_id: string }>(
    `SELECT DISTINCT h.tenant_id FROM incident h JOIN incident s ON s.tenant_id = h.tenant_id AND s.id = h.held_ref::uuid
     WHERE h.held_by = 'storm' AND h.state = 'open' AND h.next_step_at > $1 AND s.state = 'resolved'`,
    [now],
  );
  for (const { tenant_id: tenantId } of waiting) await each(letGo(db, tenantId, now), undefined);
  if (failures.length > 0) throw failures[0];
  return ended;
}

interface Members {
  all: number;
  /** Fewer than members where one fails in several ways, or again. */
  servers: number;
  failing: number;
  severity: Severity | null;
  status: Status;
  reason: Reason | null;
}

function follow(db: Db, tenantId: string, id: string, now: Date): Promise<boolean> {
  return db.withTenant({ tenantId, actorId: WORKER_ACTOR }, async (tx) => {
    const storm = await incidentById(tx, id);
    const cause = storm === null ? null : causeOfStorm(storm.fingerprint);
    if (storm === null || cause === null || storm.state === "resolved") return false;
    const [is] = await tx.$queryRaw<Members[]>`
      SELECT count(*)::int AS all, count(DISTINCT i.server_id)::int AS servers, count(*) FILTER (WHERE i.state <> 'resolved')::int AS failing, min(i.severity) FILTER (WHERE i.state <> 'resolved') AS severity,
        CASE WHEN bool_or(i.status = 'down') FILTER (WHERE i.state <> 'resolved') THEN 'down' ELSE 'degraded' END AS status,
        mode() WITHIN GROUP (ORDER BY i.reason) FILTER (WHERE i.state <> 'resolved') AS reason
      FROM storm_member m JOIN incident i ON i.tenant_id = m.tenant_id AND i.id = m.incident_id
      WHERE m.tenant_id = app.tenant() AND m.storm_id = ${id}::uuid`;
    if (is === undefined) return false;
    if (is.failing === 0 || isOver(is.all, is.failing)) return end(tx, tenantId, storm, is, now);
    if (storm.state === "acknowledged") await acknowledgeMembers(tx, tenantId, id, now);
    const sentence = stormSentence(cause, is.servers, is.reason ?? storm.reason);
    if (is.severity !== null && isGraver(is.severity, storm.severity)) {
      const subject = subjectOf(cause, is.severity, storm.tenantName);
      const verdict = stormVerdict(is.status, is.reason ?? storm.reason, sentence);
      const at = { tenantId, subject, verdict, sealed: null, slot: now, now, atOnce: false };
      await walk(tx, { ...at, before: { bad: 0, good: 0, flips: [] } });
    } else if (sentence !== storm.evidence) {
      await tx.$executeRaw`UPDATE incident SET evidence = ${sentence}, last_bad_slot = ${now} WHERE tenant_id = app.tenant() AND id = ${id}::uuid AND state <> 'resolved'`;
      await liveHint(tx, { tenant: tenantId, what: "incident", id });
    }
    return false;
  });
}

async function end(tx: Tx, tenantId: string, storm: Incident, { all, failing }: Members, now: Date): Promise<boolean> {
  const rest = failing === 0 ? "" : ` What still fails (${failing}) is told of by itself where nobody has it in hand.`;
  const sentence = `${all - failing} of its ${all} members are over.${rest}`;
  await tx.$executeRaw`UPDATE incident SET status = 'up' WHERE tenant_id = app.tenant() AND id = ${storm.id}::uuid`;
  const ended: Incident = { ...storm, status: "up", evidence: sentence };
  return closeIncident(tx, ended, { tenantId, now, sentence });
}

/** Their own steps are due now: whoever takes them asks first what else holds them, and whether they are well again. */
function letGo(db: Db, tenantId: string, now: Date): Promise<void> {
  return db.withTenant({ tenantId, actorId: WORKER_ACTOR }, async (tx) => {
    await tx.$executeRaw`UPDATE incident h SET next_step_at = ${now} FROM incident s
      WHERE h.tenant_id = app.tenant() AND h.held_by = 'storm' AND h.state = 'open' AND h.next_step_at > ${now}
        AND s.tenant_id = h.tenant_id AND s.id = h.held_ref::uuid AND s.state = 'resolved'`;
    await hint(tx, "tocsin_outbox");
  });
}
