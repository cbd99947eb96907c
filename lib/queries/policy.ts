// Who is told what and when: the tenant's policies in their order, the people and schedules that they name, worked out
// ahead so that a page can show who would be told at any moment of the next weeks.
import type { Tx } from "#lib/adapters/db";
import type { ListedPolicy, SinkFacts } from "#lib/domain/policy";
import type { RosterFacts } from "#lib/domain/roster";
import { DAY_MS, holes, type Shift, shifts } from "#lib/domain/schedule";
import type { Weight } from "#lib/domain/severity";
import { type OnCall, onCall } from "./roster.ts";
import { sinks } from "./sinks.ts";
import { tenantPolicies } from "./tenant-policy.ts";

/** The furthest moment that is shown ahead; a step and its repeats come within another day and a half. */
export const PREVIEW_DAYS = 30;
const STEPS_DAYS = 2;

export interface PoliciesNow {
  /** The default last. */
  policies: ListedPolicy[];
  sinks: (SinkFacts & { tells: string })[];
  servers: { id: string; name: string; weight: Weight }[];
  roster: RosterFacts;
  /** Where nobody is on call within the next 30 days, by schedule. */
  holes: { name: string; first: Shift; more: number }[];
}

const HOUR_MS = 3_600_000;

/** From the full hour, so that two who look within it are shown the same. */
export const hourOf = (now: Date): number => Math.floor(now.getTime() / HOUR_MS) * HOUR_MS;

export async function policiesNow(tx: Tx, now: Date): Promise<PoliciesNow> {
  const facts = (await sinks(tx)).map((s) => ({
    id: s.id,
    name: s.name,
    kind: s.kind,
    enabled: s.enabled,
    proven: s.provenAt !== null,
    wakes: s.wakes,
    acknowledge: s.capabilities?.acknowledge ?? false,
    tells: s.tells,
  }));
  const servers = await tx.server.findMany({
    where: { removedAt: null },
    select: { id: true, name: true, weight: true },
    orderBy: [{ name: "asc" }, { id: "asc" }],
  });
  const roster = rosterFacts(await onCall(tx, now), hourOf(now), PREVIEW_DAYS + STEPS_DAYS);
  const until = now.getTime() + PREVIEW_DAYS * DAY_MS;
  return {
    policies: await tenantPolicies(tx, facts),
    sinks: facts,
    servers: servers.map((s) => ({ ...s, weight: s.weight as Weight })),
    roster,
    holes: roster.schedules.flatMap(({ name, shifts: all }) => {
      const [first, ...rest] = holes(all).filter((h) => h.from < until && h.to > now.getTime());
      return first === undefined ? [] : [{ name, first, more: rest.length }];
    }),
  };
}

export function rosterFacts({ people, schedules, among }: OnCall, from: number, days: number): RosterFacts {
  return {
    people: people.map(({ id, name, sinkIds }) => ({ id, name, sinkIds: [...sinkIds] })),
    schedules: schedules.map((s) => ({
      id: s.id,
      name: s.name,
      shifts: shifts(s, among, from, from + days * DAY_MS),
    })),
  };
}
