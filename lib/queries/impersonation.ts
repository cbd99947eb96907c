// What the staff sees of visits: whom one may look as, what waits for a second person, what runs, what was.
import type { Tx } from "#lib/adapters/db";
import { memberships } from "#lib/domain/bindings";
import { DECIDE_MS, endWords, standingAsTarget, unwrittenEnd, visitState } from "#lib/domain/grant";
import { bindings, type Viewer } from "./session.ts";

export interface VisitTenant {
  id: string;
  slug: string;
  name: string;
}

/** Where this person may look into: a root operator everywhere, an operator in their own tenants. */
export async function tenantsToVisit(tx: Tx, who: Viewer): Promise<VisitTenant[]> {
  if (!isRoot(who))
    return who.seats
      .filter((seat) => !seat.isPlatform && seat.layers.includes("operator"))
      .map(({ id, slug, name }) => ({ id, slug, name }));
  return tx.tenant.findMany({
    where: { isPlatform: false, erasedAt: null },
    select: { id: true, slug: true, name: true },
    orderBy: { name: "asc" },
  });
}

/** Whose visits they see: those they may make, and an auditor all. */
export async function tenantsToSee(tx: Tx, who: Viewer): Promise<VisitTenant[]> {
  const audits = who.seats.filter((seat) => !seat.isPlatform && seat.layers.includes("auditor"));
  return audits.length > 0 ? audits.map(({ id, slug, name }) => ({ id, slug, name })) : tenantsToVisit(tx, who);
}

const isRoot = (who: Viewer) => who.seats.some((seat) => seat.layers.includes("root"));

export interface Customer {
  id: string;
  name: string;
  email: string | null;
}

/** Its customers, without anybody of the staff and anybody who is disabled. */
export async function customersOf(tx: Tx, tenantSlug: string, except: string): Promise<Customer[]> {
  const bound = await bindings(tx);
  const people = await tx.person.findMany({
    where: { disabledAt: null, id: { not: except } },
    select: { id: true, name: true, email: true, groups: true },
    orderBy: { name: "asc" },
  });
  return people
    .filter((p) => standingAsTarget(memberships(p.groups, bound), false, tenantSlug) === "customer")
    .map(({ id, name, email }) => ({ id, name, email }));
}

export interface StaffVisit {
  id: string;
  tenantId: string;
  tenantName: string;
  actorId: string;
  who: string;
  as: string;
  targetId: string;
  mode: "ro" | "rw";
  reason: string;
  sessionId: string;
  state: "asked" | "approved" | "runs" | "over";
  approvedBy: string | null;
  askedAt: number;
  startedAt: number | null;
  /** When it ends by itself: as a question, or as a visit. */
  until: number;
  endedAt: number | null;
  how: string;
}

/** Of several tenants at once: the transaction names them in alsoRead. The newest first. */
export async function staffVisits(tx: Tx, tenants: readonly VisitTenant[], take: number): Promise<StaffVisit[]> {
  const names = new Map(tenants.map((t) => [t.id, t.name]));
  const rows = await tx.impersonationGrant.findMany({
    where: { tenantId: { in: [...names.keys()] } },
    orderBy: { askedAt: "desc" },
    take,
  });
  const clock = await tx.$queryRaw<{ at: Date }[]>`SELECT clock_timestamp() AS at`;
  const at = clock[0]?.at as Date;
  const approvers = await tx.person.findMany({
    where: { id: { in: rows.map((r) => r.approvedBy).filter((id) => id !== null) } },
    select: { id: true, name: true },
  });
  const nameOf = new Map(approvers.map((p) => [p.id, p.name]));
  return rows.map((row) => {
    const state = visitState(row, at);
    const over = state === "over";
    return {
      id: row.id,
      tenantId: row.tenantId,
      tenantName: names.get(row.tenantId) ?? "",
      actorId: row.actorId,
      who: row.actorName,
      as: row.targetName,
      targetId: row.targetId,
      mode: row.mode as "ro" | "rw",
      reason: row.reason,
      sessionId: row.sessionId,
      state,
      approvedBy: row.approvedBy === null ? null : (nameOf.get(row.approvedBy) ?? "somebody who is gone"),
      askedAt: row.askedAt.getTime(),
      startedAt: row.startedAt?.getTime() ?? null,
      until: row.notAfter?.getTime() ?? (row.approvedAt ?? row.askedAt).getTime() + DECIDE_MS,
      endedAt: over ? (row.endedAt ?? row.notAfter ?? row.askedAt).getTime() : null,
      how: over ? endWords(row.endedReason ?? unwrittenEnd(row)) : "",
    };
  });
}

/** How many ask for this person's leave to change things: for the mark beside the page's name. */
export async function visitsWaiting(tx: Tx, tenants: readonly VisitTenant[], personId: string): Promise<number> {
  const open = { tenantId: { in: tenants.map((t) => t.id) }, mode: "rw", approvedAt: null, endedAt: null } as const;
  const rows = await tx.impersonationGrant.findMany({
    where: { ...open, actorId: { not: personId }, targetId: { not: personId } },
  });
  if (rows.length === 0) return 0;
  const clock = await tx.$queryRaw<{ at: Date }[]>`SELECT clock_timestamp() AS at`;
  return rows.filter((row) => visitState(row, clock[0]?.at as Date) === "asked").length;
}
