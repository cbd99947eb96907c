import type { Tx } from "#lib/adapters/db";
import type { Reason } from "#lib/domain/reason";

/** The newest version of a reason's own runbook; two who write at once take turns, so that none is overwritten unseen. */
export async function lastVersion(
  tx: Tx,
  tenantId: string,
  reason: Reason,
): Promise<{ version: number; body: string | null } | null> {
  await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`runbook:${tenantId}:${reason}`}, 0))::text`;
  const [row] = await tx.runbook.findMany({
    where: { tenantId, reason },
    orderBy: { version: "desc" },
    take: 1,
    select: { version: true, body: true },
  });
  return row ?? null;
}
