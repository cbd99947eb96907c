// The moment a visit begins: its half hour counts from the database's clock, and the session points to it. Committed
// before anybody is given the cookie.
import type { TenantContext, Tx } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import { TocsinError } from "#lib/domain/error";
import { VISIT_MS } from "#lib/domain/grant";
import { newSecret } from "#lib/queries/visit-key";

export interface Begun {
  tenantId: string;
  grantId: string;
  /** For the cookie, and nowhere else: the row keeps its hash. */
  secret: string;
  startedAt: Date;
  notAfter: Date;
}

/** One after the other, so that two begun at once in one session are told what is the matter. */
export async function inLine(tx: Tx, sessionId: string): Promise<void> {
  await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`visit:${sessionId}`}, 0))::text`;
}

/** To the millisecond, as the rows keep it. */
export async function databaseNow(tx: Tx): Promise<Date> {
  const rows = await tx.$queryRaw<{ at: Date }[]>`SELECT date_trunc('milliseconds', clock_timestamp()) AS at`;
  return rows[0]?.at as Date;
}

export function halfHour(at: Date): { secret: string; startedAt: Date; notAfter: Date } {
  return { secret: newSecret(), startedAt: at, notAfter: new Date(at.getTime() + VISIT_MS) };
}

/** @throws TocsinError E_IMPERSONATION when the session makes a visit already, or is gone */
export async function pointTo(tx: Tx, context: TenantContext, sessionId: string, grantId: string): Promise<void> {
  const { count } = await tx.session.updateMany({
    where: { id: sessionId, personId: context.actorId, grantId: null },
    data: { grantId, grantTenantId: context.tenantId },
  });
  if (count === 0) throw new TocsinError("E_IMPERSONATION", "This session makes a visit already: end that one first.");
  await liveHint(tx, { tenant: context.tenantId, what: "visit", id: grantId });
}
