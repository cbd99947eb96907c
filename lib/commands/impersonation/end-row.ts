// The one way a visit ends, whoever ends it: once, with its row in the visited tenant's own log, and with the session
// its maker's own again. Nothing of the visit is stored under the name of the person looked as.
import { audit } from "#lib/adapters/audit";
import type { Db, TenantContext, Tx } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import type { End } from "#lib/domain/grant";

/**
 * Inside a transaction of the visited tenant.
 * @returns false when it was over already
 */
export async function endVisitRow(tx: Tx, context: TenantContext, grantId: string, why: End): Promise<boolean> {
  // Behind the changes that are being made: a statement that waits would write the moment from before its wait.
  await tx.$queryRaw`SELECT 1 FROM impersonation_grant
    WHERE tenant_id = ${context.tenantId}::uuid AND id = ${grantId}::uuid FOR UPDATE`;
  const rows = await tx.$queryRaw<{ target_id: string; session_id: string; begun: boolean }[]>`
    UPDATE impersonation_grant SET ended_at = clock_timestamp(), ended_by = ${context.actorId}::uuid, ended_reason = ${why}
    WHERE tenant_id = ${context.tenantId}::uuid AND id = ${grantId}::uuid AND ended_at IS NULL
    RETURNING target_id, session_id, started_at IS NOT NULL AS begun`;
  await tx.session.updateMany({
    where: { grantId, grantTenantId: context.tenantId },
    data: { grantId: null, grantTenantId: null },
  });
  const ended = rows[0];
  if (ended === undefined) return false;
  // What was only asked for ends as a question; a visit that ran ends as a visit.
  await audit(tx, ofVisit(context, ended.target_id, grantId), {
    action: ended.begun ? "impersonation.end" : "impersonation.drop",
    target: `visit:${grantId}`,
    body: { reason: why },
  });
  await liveHint(tx, { tenant: context.tenantId, what: "visit", id: grantId });
  return true;
}

/** The same context, with the log's columns for whom it is done as and under which visit. */
export function ofVisit(context: TenantContext, actAs: string, grantId: string): TenantContext {
  return { ...context, trace: { ...context.trace, actAs, grantId } };
}

/** In a transaction of its own. */
export function endVisit(
  db: Db,
  visit: { tenantId: string; grantId: string },
  how: { by: string; why: End; from?: string },
): Promise<boolean> {
  const context = {
    tenantId: visit.tenantId,
    actorId: how.by,
    ...(how.from ? { trace: { from: how.from } } : {}),
  };
  return db.withTenant(context, (tx) => endVisitRow(tx, context, visit.grantId, how.why));
}
