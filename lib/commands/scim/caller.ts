import { audit } from "#lib/adapters/audit";
import { now as clockNow } from "#lib/adapters/clock";
import { type Db, PLATFORM_TENANT, type TenantContext, type Tx } from "#lib/adapters/db";
import { keepingARoot } from "#lib/commands/role/keep-a-root";
import { TocsinError } from "#lib/domain/error";
import { ScimError } from "./schema.ts";

/** Who writes: a token, and for which of our people it counts. */
export interface ScimCaller {
  tokenId: string;
  from: string;
  issuer: string;
  /** token: the directory's groups are kept and decide nothing. */
  groupsFrom: "token" | "scim";
}

export interface ScimStep {
  tx: Tx;
  context: TenantContext;
  caller: ScimCaller;
  now: Date;
}

/**
 * One write of the directory: one transaction with its rows of the log, one at a time over the installation, and never
 * the last root operator.
 */
export async function written<T>(db: Db, caller: ScimCaller, work: (step: ScimStep) => Promise<T>): Promise<T> {
  const context: TenantContext = {
    tenantId: PLATFORM_TENANT,
    actorId: caller.tokenId,
    ...(caller.from ? { trace: { from: caller.from } } : {}),
  };
  try {
    return await db.withTenant(context, (tx) => keepingARoot(tx, () => work({ tx, context, caller, now: clockNow() })));
  } catch (error) {
    if (!(error instanceof TocsinError) || error.code !== "E_LAST_ROOT") throw error;
    await db.withTenant(context, (tx) =>
      audit(tx, context, {
        action: "access.refused",
        target: "action:scim",
        body: { action: "scim", code: error.code },
      }),
    );
    throw new ScimError(409, "", error.message);
  }
}
