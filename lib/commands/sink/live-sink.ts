import type { Tx } from "#lib/adapters/db";
import { TocsinError } from "#lib/domain/error";

/** Whoever proves a sink and whoever changes it take turns, so that no proof is given to what it was not asked of. */
export async function lockSink(tx: Tx, id: string): Promise<void> {
  await tx.$queryRaw`SELECT 1 FROM sink WHERE tenant_id = app.tenant() AND id = ${id}::uuid FOR UPDATE`;
}

/** @throws TocsinError E_NOT_FOUND: removed, unknown and another tenant's are one answer */
export async function liveSink(tx: Tx, tenantId: string, id: string) {
  const row = await tx.sink.findFirst({ where: { tenantId, id, removedAt: null } });
  if (row === null) throw new TocsinError("E_NOT_FOUND", "There is no such sink; it may have been removed.");
  return row;
}
