// The one way sessions end before their time: their visits with them, and a row of the log for each, in one transaction.
import { audit } from "#lib/adapters/audit";
import { type Db, inTenant, PLATFORM_TENANT, type TenantContext } from "#lib/adapters/db";
import type { End } from "#lib/domain/grant";
import { endVisitRow } from "../impersonation/end-row.ts";

export interface Ending {
  id: string;
  personId: string;
  createdAt: Date;
  grantTenantId: string | null;
  grantId: string | null;
}

export interface HowEnded {
  /** Who ends it: its person, or the worker's id for the provider. */
  by: string;
  action: "session.sign_out" | "session.ended" | "session.replaced";
  /** Why, for the row of the log. */
  because?: string;
  visit?: End;
  from?: string;
}

/** @returns how many were there still */
export async function endFoundSessions(db: Db, sessions: readonly Ending[], how: HowEnded, now: Date): Promise<number> {
  const context: TenantContext = {
    tenantId: PLATFORM_TENANT,
    actorId: how.by,
    ...(how.from ? { trace: { from: how.from } } : {}),
  };
  return db.withTenant(context, async (tx) => {
    let ended = 0;
    for (const session of sessions) {
      const { grantTenantId, grantId } = session;
      if (grantTenantId !== null && grantId !== null) {
        const there = { ...context, tenantId: grantTenantId };
        await inTenant(tx, context, there, () => endVisitRow(tx, there, grantId, how.visit ?? "session_over"));
      }
      const { count } = await tx.session.deleteMany({ where: { id: session.id } });
      if (count === 0) continue;
      ended++;
      await audit(tx, context, {
        action: how.action,
        target: `person:${session.personId}`,
        body: {
          session: session.id,
          lastedS: Math.round((now.getTime() - session.createdAt.getTime()) / 1000),
          ...(how.because ? { because: how.because } : {}),
        },
      });
    }
    return ended;
  });
}
