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

/** @returns how many storms ended now. @throws the first failure, after every storm had its turn */
export async function followStorms(db: Db, sweeper: Sweeper, now: Date): Promise<number> {
  const live = await sweeper.find<{ tenant_id: string; id: string }>(
    "SELECT tenant_id, id FROM incident WHERE subject_kind = 'storm' AND state <> 'resolved'",
  );
  const failures: unknown[] = [];
  const each = async <T>(work: Promise<T>, otherwise: T): Promise<T> =>
    unlessErased(work, otherwise).catch((err) => {
      failures.push(err);
      return otherwise;
    });
  let ended = 0;
  for (const { tenant_id: tenantId, id } of live) if (await each(follow(db, tenantId, id, now), false)) ended++;
  const waiting = await sweeper.find<{ tenant_id: string }>(
    `SELECT DISTINCT h.tenant_id FROM incident h JOIN incident s ON s.tenant_id = h.tenant_id AND s.id::text = h.held_ref
     WHERE h.held_by = 'storm' AND h.state = 'open' AND h.next_step_at > $1 AND s.state = 'resolved'`,
    [now],
  );
  for (const { tenant_id: tenantId } of waiting) await each(letGo(db, tenantId, now), undefined);
  if (failures.length > 0) throw failures[0];
  return ended;
}

interface Members {
  all: number;
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
      SELECT count(*)::int AS all, count(*) FILTER (WHERE i.state <> 'resolved')::int AS failing, min(i.severity) FILTER (WHERE i.state <> 'resolved') AS severity,
        CASE WHEN bool_or(i.status = 'down') FILTER (WHERE i.state <> 'resolved') THEN 'down' ELSE 'degraded' END AS status,
        mode() WITHIN GROUP (ORDER BY i.reason) FILTER (WHERE i.state <> 'resolved') AS reason
      FROM storm_member m JOIN incident i ON i.tenant_id = m.tenant_id AND i.id = m.incident_id
      WHERE m.tenant_id = app.tenant() AND m.storm_id = ${id}::uuid`;
    if (is === undefined) return false;
    if (is.failing === 0 || isOver(is.all, is.failing)) return end(tx, tenantId, storm, is, now);
    if (storm.state === "acknowledged") await acknowledgeMembers(tx, tenantId, id, now);
    const sentence = stormSentence(cause, is.all, is.reason ?? storm.reason);
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
        AND s.tenant_id = h.tenant_id AND s.id::text = h.held_ref AND s.state = 'resolved'`;
    await hint(tx, "tocsin_outbox");
  });
}
