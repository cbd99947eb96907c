// Ends what somebody has open, at once: visits to tenants first, each with its row in that tenant's own log, then the
// sessions themselves. For whoever switches a person off, whatever the reason, inside the transaction that does it.
import { inTenant, type TenantContext, type Tx } from "#lib/adapters/db";
import { endVisitRow } from "#lib/commands/impersonation/end-row";

/** @param why what the log of a visited tenant says about the end of the visit @returns how many there were */
export async function endAccess(
  tx: Tx,
  context: TenantContext,
  personId: string,
  why: "disabled" | "session_over",
): Promise<{ sessions: number; visits: number }> {
  const sessions = await tx.session.findMany({
    where: { personId },
    select: { grantTenantId: true, grantId: true },
    orderBy: { grantTenantId: "asc" },
  });
  let visits = 0;
  for (const { grantTenantId: tenantId, grantId } of sessions) {
    if (tenantId === null || grantId === null) continue;
    const there = { ...context, tenantId };
    if (await inTenant(tx, context, there, () => endVisitRow(tx, there, grantId, why))) visits++;
  }
  const { count } = await tx.session.deleteMany({ where: { personId } });
  return { sessions: count, visits };
}
