// A session that ends takes the visit along that it holds: the row says so in the visited tenant's own log.
import { audit } from "#lib/adapters/audit";
import type { Db } from "#lib/adapters/db";

/** Before the sessions themselves are ended: a crash between leaves a session without its visit, never the other way. */
export async function endVisitsOf(
  db: Db,
  sessions: readonly { id: string; grantTenantId: string | null; grantId: string | null }[],
  how: { by: string; reason: string },
  now: Date,
): Promise<void> {
  for (const { id, grantTenantId: tenantId, grantId } of sessions) {
    if (tenantId === null || grantId === null) continue;
    const context = { tenantId, actorId: how.by };
    await db.withTenant(context, async (tx) => {
      const { count } = await tx.impersonationGrant.updateMany({
        where: { tenantId, id: grantId, sessionId: id, endedAt: null },
        data: { endedAt: now, endedBy: how.by, endedReason: how.reason },
      });
      if (count > 0)
        await audit(tx, context, {
          action: "impersonation.end",
          target: `impersonation:${grantId}`,
          body: { reason: how.reason },
        });
    });
  }
}
