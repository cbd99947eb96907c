// Ends what somebody has open, at once: visits to tenants first, each with its row in that tenant's own log, then the
// sessions themselves. For whoever switches a person off, whatever the reason.
import { audit } from "#lib/adapters/audit";
import { inTenant, type TenantContext, type Tx } from "#lib/adapters/db";

/** @param why what the log says about the end of a visit @returns how many sessions there were */
export async function endAccess(
  tx: Tx,
  context: TenantContext,
  personId: string,
  why: "disabled" | "signed out by a root operator",
  now: Date,
): Promise<{ sessions: number; visits: number }> {
  const sessions = await tx.session.findMany({
    where: { personId },
    select: { id: true, grantTenantId: true, grantId: true },
    orderBy: { grantTenantId: "asc" },
  });
  let visits = 0;
  for (const { grantTenantId: tenantId, grantId } of sessions) {
    if (tenantId === null || grantId === null) continue;
    const there = { ...context, tenantId };
    if (await inTenant(tx, context, there, () => endVisit(tx, there, grantId, why, now))) visits++;
  }
  const { count } = await tx.session.deleteMany({ where: { personId } });
  return { sessions: count, visits };
}

async function endVisit(tx: Tx, context: TenantContext, grantId: string, why: string, now: Date): Promise<boolean> {
  const { count } = await tx.impersonationGrant.updateMany({
    where: { id: grantId, endedAt: null },
    data: { endedAt: now, endedBy: context.actorId, endedReason: why },
  });
  if (count === 0) return false;
  await audit(tx, context, { action: "impersonation.end", target: `visit:${grantId}`, body: { reason: why } });
  return true;
}
