// `npm run tocsin -- tenant …`: the list of tenants. The identity provider's groups name them by their slug.
import { randomUUID } from "node:crypto";
import { audit } from "#lib/adapters/audit";
import { now } from "#lib/adapters/clock";
import type { Ledger } from "./ledger.ts";
import { SHELL_ACTOR, typedBy } from "./ledger.ts";
import { cleanText } from "#lib/domain/text";
import { isTier, TIERS } from "#lib/domain/tier";
import { Problem } from "./problem.ts";

export interface TenantRow {
  slug: string;
  name: string;
  tier: string;
}

export const PLATFORM = "00000000-0000-4000-8000-000000000001";
const SLUG = /^[a-z0-9](?:-?[a-z0-9]){1,38}$/;

/**
 * Adds a tenant and its row in the installation's audit log, both or neither.
 * @throws Problem with one sentence for a bad or taken slug, a bad name or an unknown tier
 */
export async function addTenant(ledger: Ledger, given: TenantRow): Promise<string> {
  const name = cleanText(given.name, 120);
  if (!SLUG.test(given.slug))
    throw new Problem(
      "A tenant's slug has 2 to 39 small letters, digits and single hyphens between them, for example acme-eu: it becomes part of the names of its groups.",
    );
  if (name === "" || name !== given.name.trim())
    throw new Problem("A tenant's name has 1 to 120 characters on one line.");
  if (!isTier(given.tier)) throw new Problem(`There is no tier of this name: use one of ${TIERS.join(", ")}.`);
  const id = randomUUID();
  await ledger.owner.withTenant({ tenantId: PLATFORM, actorId: SHELL_ACTOR }, async (tx) => {
    await tx.$executeRaw`SET LOCAL ROLE tocsin_owner`;
    const made = await tx.$executeRaw`INSERT INTO tenant (id, slug, name, tier, created_at)
      VALUES (${id}::uuid, ${given.slug}, ${name}, ${given.tier}, ${now()}) ON CONFLICT (slug) DO NOTHING`;
    if (made === 0)
      throw new Problem(
        `There is a tenant ${given.slug} already: choose another slug, or see them all with \`npm run tocsin -- tenant list\`.`,
      );
    await audit(
      tx,
      { tenantId: PLATFORM, actorId: SHELL_ACTOR },
      {
        action: "tenant.add",
        target: `tenant:${id}`,
        body: { slug: given.slug, tier: given.tier, by: "command line" },
        ...typedBy(),
      },
    );
  });
  return id;
}

/** Every tenant but the installation's own, by slug. */
export function listTenants(ledger: Ledger): Promise<TenantRow[]> {
  return ledger.app.global((tx) =>
    tx.tenant.findMany({
      where: { isPlatform: false, erasedAt: null },
      select: { slug: true, name: true, tier: true },
      orderBy: { slug: "asc" },
    }),
  );
}

/** @returns the tenant's id @throws Problem when there is none of this slug */
export async function tenantId(ledger: Ledger, slug: string): Promise<string> {
  const row = await ledger.app.global((tx) =>
    tx.tenant.findUnique({ where: { slug, erasedAt: null }, select: { id: true } }),
  );
  if (row === null)
    throw new Problem("There is no tenant of this slug: see them with `npm run tocsin -- tenant list`.");
  return row.id;
}
