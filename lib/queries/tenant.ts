import { TocsinError } from "#lib/domain/error";
import type { Tx } from "#lib/adapters/db";

/** The tenant's tier; the milder limits of "public" when it is not to be found. */
export async function tenantTier(tx: Tx, id: string): Promise<string> {
  const row = await tx.tenant.findUnique({ where: { id }, select: { tier: true } });
  return row?.tier ?? "public";
}

/** A tenant by its id. @throws TocsinError E_NOT_FOUND */
export async function tenantNamed(
  tx: Tx,
  id: string,
): Promise<{ id: string; slug: string; name: string; tier: string }> {
  const row = await tx.tenant.findFirst({
    where: { id, isPlatform: false, erasedAt: null },
    select: { id: true, slug: true, name: true, tier: true },
  });
  if (row === null) throw new TocsinError("E_NOT_FOUND", "There is no such tenant.");
  return row;
}
