import type { Tx } from "#lib/adapters/db";

/** The tenant's tier; the milder limits of "public" when it is not to be found. */
export async function tenantTier(tx: Tx, id: string): Promise<string> {
  const row = await tx.tenant.findUnique({ where: { id }, select: { tier: true } });
  return row?.tier ?? "public";
}
