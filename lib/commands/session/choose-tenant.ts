import type { Db } from "#lib/adapters/db";
import { TocsinError } from "#lib/domain/error";
import type { Viewer } from "#lib/queries/session";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Looks at another tenant from now on. Only a pointer of one's own session: what may be done there is asked anew each time.
 * @throws TocsinError E_TENANT for what names no tenant at all; E_NOT_FOUND for a tenant without a seat, whether it exists or not; E_IMPERSONATION_BLOCKED in a visit
 */
export async function chooseTenant(db: Db, viewer: Viewer, tenantId: string): Promise<void> {
  if (viewer.acting !== null)
    throw new TocsinError("E_IMPERSONATION_BLOCKED", "A visit is to one tenant: end it first.");
  if (!UUID.test(tenantId)) throw new TocsinError("E_TENANT", "Say which tenant: choose one from the list.");
  if (!viewer.seats.some((seat) => seat.id === tenantId))
    throw new TocsinError("E_NOT_FOUND", "There is no such tenant among yours.");
  await db.global((tx) => tx.session.update({ where: { id: viewer.sessionId }, data: { currentTenantId: tenantId } }));
}
