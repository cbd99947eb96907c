import type { Tx } from "#lib/adapters/db";
import { TocsinError } from "#lib/domain/error";

/** @throws TocsinError E_NOT_FOUND: removed, unknown and another tenant's are one answer */
export async function liveSink(tx: Tx, tenantId: string, id: string) {
  const row = await tx.sink.findFirst({ where: { tenantId, id, removedAt: null } });
  if (row === null) throw new TocsinError("E_NOT_FOUND", "There is no such sink; it may have been removed.");
  return row;
}
