// Roles as they are given against roles as they are used: what the weekly report asks a root operator to look at. Pure.
import { type Binding, memberships } from "./bindings.ts";
import { isReservedGroup } from "./break-glass.ts";
import type { Layer } from "./permissions.ts";

export const DRIFT_DAYS = 30;
const DRIFT_MS = DRIFT_DAYS * 86_400_000;

export interface DriftInput {
  now: number;
  people: {
    id: string;
    /** As the last sign-in or refresh brought them. */
    groups: readonly string[];
    disabled: boolean;
    lastSeenAt: number;
    /** As the directory has them by SCIM; null where it keeps no such person, or is not connected. */
    directory: readonly string[] | null;
    /** Not a person of the identity provider: an emergency account. */
    emergency: boolean;
  }[];
  bindings: readonly Binding[];
  tenants: readonly { slug: string; isPlatform: boolean }[];
  /** People with a session that still holds. */
  signedIn: ReadonlySet<string>;
  /** Who did anything where in the last 30 days. */
  acts: readonly { personId: string; slug: string; isPlatform: boolean }[];
}

export const DRIFTS = {
  few_roots: "Fewer than two people can run the installation: what needs two is done alone.",
  disabled_session: "Disabled, and still has a session.",
  both_sides: "Staff and customer at once: the two look at different things on purpose.",
  directory_differs: "The directory gives other roles than the last sign-in did.",
  used_not_held: `Acted there in the last ${DRIFT_DAYS} days and holds no role there any more.`,
  unknown_tenant: "Stands for a tenant that does not exist.",
  nobody: "Nobody that is known is in this group.",
  not_seen: `Holds a role and was not here for ${DRIFT_DAYS} days.`,
  not_used: `Holds a role that changes things, was here, and changed nothing there for ${DRIFT_DAYS} days.`,
} as const;
export type DriftKind = keyof typeof DRIFTS;

export interface Drift {
  kind: DriftKind;
  personId?: string;
  /** "operator of acme", "root"; or the group's name. */
  what?: string;
}

const said = (m: { layer: Layer; tenantSlug: string | null }): string =>
  m.tenantSlug === null ? m.layer : `${m.layer} of ${m.tenantSlug}`;

/** The most serious first, in the order of the table above. */
export function roleDrift(input: DriftInput): Drift[] {
  const found: Drift[] = [...aboutGroups(input)];
  const roots = input.people.filter(
    (p) => !p.disabled && !p.emergency && memberships(p.groups, input.bindings).some((m) => m.layer === "root"),
  );
  if (roots.length < 2) found.push({ kind: "few_roots", what: String(roots.length) });
  for (const person of input.people) found.push(...aboutPerson(person, input));
  const order = Object.keys(DRIFTS);
  return found.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}

function aboutGroups({ people, bindings, tenants }: DriftInput): Drift[] {
  const slugs = new Set(tenants.map((t) => t.slug));
  const held = new Set(people.filter((p) => !p.disabled).flatMap((p) => p.groups));
  const strays = [...held].filter((group) =>
    memberships([group], bindings).some((m) => m.tenantSlug !== null && !slugs.has(m.tenantSlug)),
  );
  const exact = bindings.filter((b) => !b.pattern.includes("*"));
  return [
    ...strays.map((what): Drift => ({ kind: "unknown_tenant", what })),
    ...exact
      .filter((b) => b.tenantSlug !== null && !slugs.has(b.tenantSlug) && !held.has(b.pattern))
      .map((b): Drift => ({ kind: "unknown_tenant", what: b.pattern })),
    ...exact
      .filter((b) => !held.has(b.pattern) && !isReservedGroup(b.pattern))
      .map((b): Drift => ({ kind: "nobody", what: b.pattern })),
  ];
}

function aboutPerson(person: DriftInput["people"][number], input: DriftInput): Drift[] {
  const { id: personId } = person;
  if (person.disabled) return input.signedIn.has(personId) ? [{ kind: "disabled_session", personId }] : [];
  // An emergency account that is not used is as it should be.
  if (person.emergency) return [];
  const held = memberships(person.groups, input.bindings);
  const found: Drift[] = [];
  const staff = held.some((m) => m.layer === "root" || m.layer === "operator");
  if (staff && held.some((m) => m.layer === "customer"))
    found.push({ kind: "both_sides", personId, what: held.map(said).join(", ") });
  if (person.directory !== null) {
    const there = memberships(person.directory, input.bindings).map(said).toSorted();
    if (there.join() !== held.map(said).toSorted().join())
      found.push({ kind: "directory_differs", personId, what: there.join(", ") || "none" });
  }
  const acted = input.acts.filter((a) => a.personId === personId);
  for (const act of acted)
    if (!act.isPlatform && !held.some((m) => m.tenantSlug === act.slug) && !staffAnywhere(held))
      found.push({ kind: "used_not_held", personId, what: act.slug });
  if (held.length === 0) return found;
  if (input.now - person.lastSeenAt > DRIFT_MS)
    return [...found, { kind: "not_seen", personId, what: held.map(said).join(", ") }];
  for (const m of held) {
    const used = acted.some((a) => (m.layer === "root" ? a.isPlatform : a.slug === m.tenantSlug));
    // Auditors and customers may do their whole work by reading.
    if ((m.layer === "root" || m.layer === "operator") && !used)
      found.push({ kind: "not_used", personId, what: said(m) });
  }
  return found;
}

/** A root operator may have been in a tenant on a visit, and whoever audits takes logs of all. */
const staffAnywhere = (held: readonly { layer: Layer }[]): boolean =>
  held.some((m) => m.layer === "root" || m.layer === "auditor");
