// Every page and every action of a visit has its row in the visited tenant's own log, before anything is answered.
import { audit } from "#lib/adapters/audit";
import type { Db } from "#lib/adapters/db";
import type { Viewer } from "#lib/queries/session";

export interface VisitRequest {
  method: string;
  /** The pattern, with [id] for what differs; never the address, which may hold what was searched for. */
  route: string;
  outcome: string;
}

export async function recordVisitRequest(db: Db, viewer: Viewer, request: VisitRequest, from: string): Promise<void> {
  const { acting, seat } = viewer;
  if (acting === null || seat === null) return;
  const context = {
    tenantId: seat.id,
    actorId: viewer.personId,
    trace: { actAs: acting.as.personId, grantId: acting.grantId, ...(from ? { from } : {}) },
  };
  const { method, route, outcome } = request;
  await db.withTenant(context, (tx) =>
    audit(tx, context, {
      action: "impersonation.request",
      target: `visit:${acting.grantId}`,
      body: { method, route, outcome },
    }),
  );
}
