// Whom a vendor means by an address. Only somebody who may acknowledge in this very tenant, and only when it is one
// person: an address is the vendor's word, and must not put a stranger's name under an act.
import type { Tx } from "#lib/adapters/db";
import { memberships } from "#lib/domain/bindings";
import { layersIn, may } from "#lib/domain/permissions";
import { bindings } from "./session.ts";

export async function personByMail(
  tx: Tx,
  tenantId: string,
  email: string,
): Promise<{ id: string; name: string } | null> {
  if (email.length > 254 || !email.includes("@")) return null;
  const people = await tx.$queryRaw<{ id: string; name: string; groups: string[] }[]>`
    SELECT id, name, groups FROM person WHERE lower(email) = lower(${email}) AND disabled_at IS NULL LIMIT 5`;
  if (people.length === 0) return null;
  const tenant = await tx.tenant.findUnique({ where: { id: tenantId } });
  if (tenant === null) return null;
  const bound = await bindings(tx);
  const fit = people.filter((p) => may(layersIn(memberships(p.groups, bound), tenant), "incident.acknowledge"));
  return fit.length === 1 && fit[0] !== undefined ? { id: fit[0].id, name: fit[0].name } : null;
}
