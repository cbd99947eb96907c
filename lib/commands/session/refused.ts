import { audit } from "#lib/adapters/audit";
import { type Db, PLATFORM_TENANT, WORKER_ACTOR } from "#lib/adapters/db";
import type { ErrorCode } from "#lib/domain/error";
import { type Actor, traced } from "../command.ts";

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

/** A change that no page of the console made, under the cookie of somebody who is signed in. */
export async function recordForeignChange(db: Db, actor: Actor, path: string): Promise<void> {
  const context = traced(actor, actor.tenantId);
  await db.withTenant(context, (tx) =>
    audit(tx, context, {
      action: "access.refused",
      target: "session:origin",
      body: { code: "E_ORIGIN", path, layers: [...actor.layers] },
    }),
  );
}
