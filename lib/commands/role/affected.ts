// Whom a change of the bindings touches, for whoever has to approve it.
import type { Tx } from "#lib/adapters/db";
import { type Binding, type Membership, memberships } from "#lib/domain/bindings";

const NAMED = 8;

export interface Affected {
  gain: string;
  lose: string;
}

/** Names of known, enabled people that would hold more or less than now; "nobody known yet" when there is none. */
export async function affected(tx: Tx, was: readonly Binding[], will: readonly Binding[]): Promise<Affected> {
  const people = await tx.person.findMany({
    where: { disabledAt: null, groups: { isEmpty: false } },
    select: { name: true, groups: true },
    orderBy: { name: "asc" },
  });
  const gain: string[] = [];
  const lose: string[] = [];
  for (const person of people) {
    const [before, after] = [held(person.groups, was), held(person.groups, will)];
    if ([...after].some((m) => !before.has(m))) gain.push(person.name);
    if ([...before].some((m) => !after.has(m))) lose.push(person.name);
  }
  return { gain: names(gain), lose: names(lose) };
}

const held = (groups: readonly string[], bindings: readonly Binding[]): Set<string> =>
  new Set(memberships(groups, bindings).map((m: Membership) => `${m.layer} ${m.tenantSlug ?? ""}`));

function names(all: string[]): string {
  if (all.length === 0) return "nobody known yet";
  return all.length <= NAMED ? all.join(", ") : `${all.slice(0, NAMED).join(", ")} and ${all.length - NAMED} more`;
}
