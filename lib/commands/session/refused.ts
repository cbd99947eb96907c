import { audit } from "#lib/adapters/audit";
import { type Db, PLATFORM_TENANT, WORKER_ACTOR } from "#lib/adapters/db";
import type { ErrorCode } from "#lib/domain/error";

/** A sign-in, or a word of the identity provider, that did not hold. Who it was is not known: nobody has been proven. */
export async function recordRefusedSignIn(
  db: Db,
  given: { code: ErrorCode; at: "callback" | "back-channel"; from: string },
): Promise<void> {
  const context = {
    tenantId: PLATFORM_TENANT,
    actorId: WORKER_ACTOR,
    ...(given.from ? { trace: { from: given.from } } : {}),
  };
  await db.withTenant(context, (tx) =>
    audit(tx, context, { action: "session.refused", target: "session:none", body: { code: given.code, at: given.at } }),
  );
}
