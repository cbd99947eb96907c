// Who may look into which tenant, as their groups say at this moment and not as their page said.
import type { Tx } from "#lib/adapters/db";
import { type Binding, type Membership, memberships } from "#lib/domain/bindings";
import { BREAK_GLASS_ISSUER } from "#lib/domain/break-glass";
import { TocsinError } from "#lib/domain/error";
import { mayVisit, standingAsTarget } from "#lib/domain/grant";
import { makersOf } from "#lib/queries/approvers";
import { bindings } from "#lib/queries/session";

export interface Scope {
  tenant: { id: string; slug: string; name: string };
  bound: Binding[];
}

/**
 * @returns the tenant, when this person may look into it now
 * @throws TocsinError E_NOT_FOUND for a tenant out of their reach, whether it exists or not
 */
export async function scopeOf(tx: Tx, personId: string, tenantId: string): Promise<Scope> {
  const tenant = await tx.tenant.findFirst({
    where: { id: tenantId, isPlatform: false },
    select: { id: true, slug: true, name: true },
  });
  const bound = await bindings(tx);
  if (tenant === null || !(await holds(tx, personId, bound, tenant.slug)))
    throw new TocsinError("E_NOT_FOUND", "There is no such tenant among yours.");
  return { tenant, bound };
}

/** Enabled, and of the tenant's staff now. */
export async function holds(tx: Tx, personId: string, bound: readonly Binding[], tenantSlug: string): Promise<boolean> {
  const person = await tx.person.findUnique({ where: { id: personId }, select: { groups: true, disabledAt: true } });
  return person !== null && person.disabledAt === null && mayVisit(memberships(person.groups, bound), tenantSlug);
}

/** @throws TocsinError E_NOT_FOUND for a stranger, E_IMPERSONATION for whom nobody looks as */
export async function targetIn(tx: Tx, actorId: string, personId: string, scope: Scope): Promise<{ name: string }> {
  if (personId === actorId) throw new TocsinError("E_IMPERSONATION", "You cannot look into a tenant as yourself.");
  const person = await tx.person.findUnique({
    where: { id: personId },
    select: { name: true, groups: true, disabledAt: true },
  });
  const members: Membership[] = person === null ? [] : memberships(person.groups, scope.bound);
  const standing = standingAsTarget(members, person?.disabledAt != null, scope.tenant.slug);
  if (person === null || standing === "stranger")
    throw new TocsinError("E_NOT_FOUND", "There is no such person in this tenant.");
  if (standing === "staff")
    throw new TocsinError("E_IMPERSONATION", "Nobody looks as a member of the staff or an auditor: choose a customer.");
  if (standing === "disabled")
    throw new TocsinError("E_IMPERSONATION", "This person is disabled: nobody looks as them.");
  return { name: person.name };
}

/** Who else could let this visit change things, now. An emergency account is nobody's second person. */
export async function othersWhoMay(
  tx: Tx,
  scope: Scope,
  not: { actorId: string; targetId: string },
): Promise<{ id: string; name: string }[]> {
  const people = await tx.person.findMany({
    where: {
      disabledAt: null,
      id: { notIn: [not.actorId, not.targetId, ...(await makersOf(tx, not.actorId))] },
      issuer: { not: BREAK_GLASS_ISSUER },
    },
    select: { id: true, name: true, groups: true },
    orderBy: { name: "asc" },
  });
  return people.filter((p) => mayVisit(memberships(p.groups, scope.bound), scope.tenant.slug));
}
