import { audit } from "#lib/adapters/audit";
import { type Db, PLATFORM_TENANT } from "#lib/adapters/db";
import { tokenHash } from "#lib/queries/session";
import { endVisitsOf } from "./end-visits.ts";

/** Signs out: the row is gone, so the token opens nothing from the next request on. An unknown token changes nothing. */
export async function endSession(db: Db, token: string, now: Date, from = ""): Promise<void> {
  const session = await db.global((tx) => tx.session.findUnique({ where: { tokenHash: tokenHash(token) } }));
  if (session === null) return;
  await endVisitsOf(db, [session], { by: session.personId, reason: "signed out" }, now);
  const context = { tenantId: PLATFORM_TENANT, actorId: session.personId, ...(from ? { trace: { from } } : {}) };
  await db.withTenant(context, async (tx) => {
    const { count } = await tx.session.deleteMany({ where: { id: session.id } });
    if (count === 0) return;
    await audit(tx, context, {
      action: "session.sign_out",
      target: `person:${session.personId}`,
      body: { lastedS: Math.round((now.getTime() - session.createdAt.getTime()) / 1000) },
    });
  });
}
