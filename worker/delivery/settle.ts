// Writes down what came of a try. Every write carries the fencing token: a process whose lease went to another one
// meets zero rows and changes nothing.
import { audit } from "#lib/adapters/audit";
import { crashPoint } from "#lib/adapters/crash";
import { type Db, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import { type Judgement, nextTryAt, type SinkMemory } from "#lib/domain/delivery";
import { type IncidentState, stillWanted } from "#lib/domain/incident";
import { LEASE_MS, type Claimed } from "./claim.ts";

export interface TryResult {
  judgement: Judgement;
  /** HTTP or SMTP status, where one arrived. */
  status: number | null;
  startedAt: Date;
  durationMs: number;
}

/** Keeps what one request of several achieved, so that a later try does not repeat it. @returns false: lease lost */
export async function progress(db: Db, claimed: Claimed, memory: SinkMemory, now: Date): Promise<boolean> {
  const work = db.withTenant({ tenantId: claimed.tenantId, actorId: WORKER_ACTOR, direct: true }, async (tx) => {
    const until = new Date(now.getTime() + LEASE_MS);
    const changed =
      await tx.$executeRaw`UPDATE delivery SET memory = memory || ${JSON.stringify(memory)}::jsonb, lease_until = ${until}
      WHERE id = ${claimed.id}::uuid AND token = ${claimed.token} AND state = 'leased'`;
    return changed === 1;
  });
  return unlessErased(work, false);
}

/** @param random uniform in [0,1), for the jitter */
export async function settle(db: Db, claimed: Claimed, result: TryResult, now: Date, random: number): Promise<void> {
  const { judgement } = result;
  const work = db.withTenant({ tenantId: claimed.tenantId, actorId: WORKER_ACTOR, direct: true }, async (tx) => {
    const end =
      judgement.verdict === "retry"
        ? await again(tx, claimed, judgement.afterS, now, random)
        : { outcome: judgement.verdict, due: null };
    if (!(await write(tx, claimed, result, end, now))) return;
    if (judgement.verdict === "dead" && judgement.disablesSink) await disable(tx, claimed, judgement.reason, now);
    crashPoint("inside_settle_tx");
  });
  await unlessErased(work, undefined);
  crashPoint("after_settle");
}

interface End {
  outcome: "sent" | "retry" | "dead";
  due: Date | null;
}

/**
 * When to try again. At once where nobody wants it any more: the next claim withholds it, and what waits behind it goes.
 * The incident's lock makes this and its end take turns, so that the end cannot slip in between unseen.
 */
async function again(tx: Tx, claimed: Claimed, afterS: number | undefined, now: Date, random: number): Promise<End> {
  const due = nextTryAt(now, claimed.createdAt, claimed.round, random, afterS);
  if (due === null) return { outcome: "dead", due };
  const { incidentId, kind } = claimed.notice;
  if (incidentId === null) return { outcome: "retry", due };
  const rows = await tx.$queryRaw<
    { state: IncidentState }[]
  >`SELECT state FROM incident WHERE tenant_id = app.tenant() AND id = ${incidentId}::uuid FOR SHARE`;
  return { outcome: "retry", due: rows[0] !== undefined && !stillWanted(kind, rows[0].state).send ? now : due };
}

/** The delivery, its try and its line on the timeline in one statement: under a storm each round trip counts. */
async function write(tx: Tx, claimed: Claimed, result: TryResult, { outcome, due }: End, now: Date): Promise<boolean> {
  const { judgement } = result;
  const reason = judgement.verdict === "sent" ? "Accepted." : judgement.reason;
  const memory = JSON.stringify((judgement.verdict === "sent" ? judgement.memory : undefined) ?? {});
  const maybe = judgement.verdict === "retry" && judgement.maybe;
  const state = outcome === "retry" ? "pending" : outcome;
  const { incidentId } = claimed.notice;
  const live = JSON.stringify({ tenant: claimed.tenantId, what: "delivery", id: claimed.id });
  const said = incidentId === null ? null : timeline(claimed, outcome, reason);
  const data = JSON.stringify({
    deliveryId: claimed.id,
    sinkId: claimed.sink.id,
    kind: claimed.notice.kind,
    tries: claimed.tries,
  });
  const rows = await tx.$queryRaw<unknown[]>`
    WITH settled AS (
      UPDATE delivery SET state = ${state}, reason = ${reason}, due_at = coalesce(${due}::timestamptz, due_at), lease_until = NULL, leased_by = NULL,
        memory = memory || ${memory}::jsonb, may_have_arrived = may_have_arrived OR ${maybe},
        settled_at = CASE WHEN ${state} = 'pending' THEN NULL ELSE ${now}::timestamptz END
      WHERE tenant_id = app.tenant() AND id = ${claimed.id}::uuid AND token = ${claimed.token} AND state = 'leased' RETURNING tenant_id, id, incident_id),
    tried AS (
      INSERT INTO delivery_try (tenant_id, delivery_id, number, at, duration_ms, outcome, status, reason)
      SELECT tenant_id, id, ${claimed.tries}::int, ${result.startedAt}::timestamptz, ${Math.round(result.durationMs)}::int, ${outcome}::text, ${result.status}::int, ${reason.slice(0, 500)}::text
      FROM settled ON CONFLICT DO NOTHING),
    said AS (
      INSERT INTO incident_event (tenant_id, incident_id, at, stage, decision, sentence, data)
      SELECT tenant_id, incident_id, ${now}::timestamptz, 'deliver', ${said?.decision ?? ""}::text, ${said?.sentence ?? ""}::text, ${data}::jsonb
      FROM settled WHERE ${said !== null})
    SELECT pg_notify('tocsin_live', ${live})::text FROM settled`;
  return rows.length === 1;
}

/** A sink that refuses for good must not look as if it could be told. */
async function disable(tx: Tx, claimed: Claimed, reason: string, now: Date): Promise<void> {
  const { tenantId, sink } = claimed;
  const changed =
    await tx.$executeRaw`UPDATE sink SET state = 'disabled', disabled_reason = ${reason.slice(0, 300)}, updated_at = ${now}
    WHERE tenant_id = app.tenant() AND id = ${sink.id}::uuid AND state = 'enabled'`;
  if (changed === 0) return;
  await audit(
    tx,
    { tenantId, actorId: WORKER_ACTOR },
    { action: "sink.disable", target: `sink:${sink.id}`, body: { delivery: claimed.id, permanentRefusal: true } },
  );
  await liveHint(tx, { tenant: tenantId, what: "sink", id: sink.id });
}

/** One line per turn of events, not per try: the tries themselves are on the delivery. */
function timeline(
  { sink, notice, tries }: Claimed,
  outcome: End["outcome"],
  reason: string,
): { decision: string; sentence: string } | null {
  if (outcome === "retry" && tries > 1) return null;
  if (outcome === "sent") return { decision: "sent", sentence: `${sink.name} told (${notice.kind}).` };
  const words = { retry: "did not take it yet, trying again", dead: "could not be told" }[outcome];
  return {
    decision: outcome === "retry" ? "retrying" : outcome,
    sentence: `${sink.name} ${words} (${notice.kind}): ${reason}`,
  };
}
