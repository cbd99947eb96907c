// Writes down what came of a try. Every write carries the fencing token: a process whose lease went to another one
// meets zero rows and changes nothing.
import { crashPoint } from "#lib/adapters/crash";
import { type Db, type Tx, WORKER_ACTOR } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import { type Judgement, nextTryAt, type SinkMemory } from "#lib/domain/delivery";
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
  return db.withTenant({ tenantId: claimed.tenantId, actorId: WORKER_ACTOR }, async (tx) => {
    const until = new Date(now.getTime() + LEASE_MS);
    const changed = await tx.$executeRaw`UPDATE delivery SET memory = memory || ${JSON.stringify(memory)}::jsonb, lease_until = ${until}
      WHERE id = ${claimed.id}::uuid AND token = ${claimed.token} AND state = 'leased'`;
    return changed === 1;
  });
}

/** @param random uniform in [0,1), for the jitter */
export async function settle(db: Db, claimed: Claimed, result: TryResult, now: Date, random: number): Promise<void> {
  const { judgement } = result;
  await db.withTenant({ tenantId: claimed.tenantId, actorId: WORKER_ACTOR }, async (tx) => {
    const changed = await write(tx, claimed, judgement, now, random);
    if (changed === null) return;
    const reason = judgement.verdict === "sent" ? "Accepted." : judgement.reason;
    await tx.$executeRaw`INSERT INTO delivery_try (tenant_id, delivery_id, number, at, duration_ms, outcome, status, reason)
      VALUES (${claimed.tenantId}::uuid, ${claimed.id}::uuid, ${claimed.tries}, ${result.startedAt}, ${Math.round(result.durationMs)},
        ${changed}, ${result.status}, ${reason.slice(0, 500)}) ON CONFLICT DO NOTHING`;
    if (judgement.verdict === "dead" && judgement.disablesSink) await disable(tx, claimed, judgement.reason, now);
    await timeline(tx, claimed, changed, reason, now);
    await liveHint(tx, { tenant: claimed.tenantId, what: "delivery", id: claimed.id });
    crashPoint("inside_settle_tx");
  });
  crashPoint("after_settle");
}

async function write(tx: Tx, claimed: Claimed, judgement: Judgement, now: Date, random: number): Promise<"sent" | "retry" | "dead" | null> {
  const id = claimed.id;
  const token = claimed.token;
  if (judgement.verdict === "sent") {
    const memory = JSON.stringify(judgement.memory ?? {});
    const n = await tx.$executeRaw`UPDATE delivery SET state = 'sent', reason = 'Accepted.', lease_until = NULL, leased_by = NULL,
      memory = memory || ${memory}::jsonb, settled_at = ${now} WHERE id = ${id}::uuid AND token = ${token} AND state = 'leased'`;
    return n === 1 ? "sent" : null;
  }
  if (judgement.verdict === "retry") {
    const due = nextTryAt(now, claimed.createdAt, claimed.tries, random, judgement.afterS);
    if (due) {
      const n = await tx.$executeRaw`UPDATE delivery SET state = 'pending', due_at = ${due}, reason = ${judgement.reason}, lease_until = NULL,
        leased_by = NULL, may_have_arrived = may_have_arrived OR ${judgement.maybe} WHERE id = ${id}::uuid AND token = ${token} AND state = 'leased'`;
      return n === 1 ? "retry" : null;
    }
  }
  const n = await tx.$executeRaw`UPDATE delivery SET state = 'dead', reason = ${judgement.reason}, lease_until = NULL, leased_by = NULL,
    settled_at = ${now} WHERE id = ${id}::uuid AND token = ${token} AND state = 'leased'`;
  return n === 1 ? "dead" : null;
}

async function disable(tx: Tx, claimed: Claimed, reason: string, now: Date): Promise<void> {
  await tx.$executeRaw`UPDATE sink SET state = 'disabled', disabled_reason = ${reason.slice(0, 300)}, updated_at = ${now}
    WHERE id = ${claimed.sink.id}::uuid AND state = 'enabled'`;
  await liveHint(tx, { tenant: claimed.tenantId, what: "sink", id: claimed.sink.id });
}

async function timeline(tx: Tx, claimed: Claimed, outcome: "sent" | "retry" | "dead", reason: string, now: Date): Promise<void> {
  const incidentId = claimed.notice.incidentId;
  // One line per turn of events, not per try: the tries themselves are on the delivery.
  if (!incidentId || (outcome === "retry" && claimed.tries > 1)) return;
  const words = { sent: "told", retry: "did not take it yet, trying again", dead: "could not be told" }[outcome];
  await tx.incidentEvent.create({
    data: {
      tenantId: claimed.tenantId,
      incidentId,
      at: now,
      stage: "deliver",
      decision: outcome === "retry" ? "retrying" : outcome,
      sentence: outcome === "sent" ? `${claimed.sink.name} ${words} (${claimed.notice.kind}).` : `${claimed.sink.name} ${words} (${claimed.notice.kind}): ${reason}`,
      data: { deliveryId: claimed.id, sinkId: claimed.sink.id, kind: claimed.notice.kind, tries: claimed.tries },
    },
  });
}
