// The list of tenants, for whoever runs the platform: what they are called and may use, never what is in them.
import { inTenant, type TenantContext, type Tx } from "#lib/adapters/db";

export interface TenantRow {
  id: string;
  slug: string;
  name: string;
  tier: string;
  createdAt: number;
  erasedAt: number | null;
}

/** Those that are there first, by name; then those that were erased. */
export async function tenants(tx: Tx): Promise<TenantRow[]> {
  const rows = await tx.tenant.findMany({
    where: { isPlatform: false },
    orderBy: [{ erasedAt: { sort: "asc", nulls: "first" } }, { name: "asc" }],
  });
  return rows.map(({ id, slug, name, tier, createdAt, erasedAt }) => ({
    ...{ id, slug, name, tier },
    createdAt: createdAt.getTime(),
    erasedAt: erasedAt?.getTime() ?? null,
  }));
}

export interface AllowanceRow {
  id: string;
  cidr: string;
  ports: string;
  reason: string;
  createdAt: number;
}

/** Private ranges that one tenant may reach: a root operator decides them, and sees nothing else of it. */
export function allowances(tx: Tx, home: TenantContext, tenantId: string): Promise<AllowanceRow[]> {
  return inTenant(tx, home, { ...home, tenantId }, async () => {
    const rows = await tx.addressAllowance.findMany({ where: { revokedAt: null }, orderBy: { createdAt: "asc" } });
    return rows.map(({ id, cidr, portFrom, portTo, reason, createdAt }) => ({
      ...{ id, cidr, reason },
      ports:
        portFrom === 1 && portTo === 65_535
          ? "every port"
          : portFrom === portTo
            ? `${portFrom}`
            : `${portFrom}–${portTo}`,
      createdAt: createdAt.getTime(),
    }));
  });
}
