// Who is behind a step's target at a moment: a sink itself, a person's sinks, or those of whoever is on call. Pure.
import type { Answer } from "./event.ts";
import type { Shift } from "./schedule.ts";

export interface Roster {
  people: ReadonlyMap<string, RosterPerson>;
  schedules: ReadonlyMap<string, { name: string; onCall(at: number): string | null }>;
}
export interface RosterPerson {
  name: string;
  /** In the order in which they are named; empty: this person cannot be reached. */
  sinkIds: readonly string[];
}

/** The same as plain data: each schedule worked out ahead. */
export interface RosterFacts {
  people: { id: string; name: string; sinkIds: string[] }[];
  schedules: { id: string; name: string; shifts: Shift[] }[];
}

/** When a step is taken, and who there is. */
export interface Moment {
  roster: Roster;
  /** Epoch ms. */
  at: number;
}

export const NO_ROSTER: Roster = { people: new Map(), schedules: new Map() };

export function rosterOfFacts({ people, schedules }: RosterFacts): Roster {
  return {
    people: new Map(people.map(({ id, name, sinkIds }) => [id, { name, sinkIds }])),
    schedules: new Map(
      schedules.map(({ id, name, shifts }) => [
        id,
        { name, onCall: (at: number) => shifts.find((s) => s.from <= at && at < s.to)?.personId ?? null },
      ]),
    ),
  };
}

export interface Target {
  sinkId?: string | undefined;
  personId?: string | undefined;
  scheduleId?: string | undefined;
}

export type Reached =
  | { sinkIds: readonly string[]; via: string | null }
  | { end: Extract<Answer, "nobody_on_call" | "no_contact" | "person_gone" | "schedule_removed">; name: string };

/** @returns the sinks to be told, or why the target leads to nobody */
export function reach(target: Target, { roster, at }: Moment): Reached {
  if (target.sinkId !== undefined) return { sinkIds: [target.sinkId], via: null };
  if (target.personId !== undefined) return reachPerson(roster, target.personId, "");
  const schedule = roster.schedules.get(target.scheduleId ?? "");
  if (schedule === undefined) return { end: "schedule_removed", name: "a removed schedule" };
  const personId = schedule.onCall(at);
  if (personId === null) return { end: "nobody_on_call", name: schedule.name };
  return reachPerson(roster, personId, `, on call in ${schedule.name}`);
}

function reachPerson(roster: Roster, id: string, how: string): Reached {
  const person = roster.people.get(id);
  if (person === undefined) return { end: "person_gone", name: `somebody who has left${how}` };
  if (person.sinkIds.length === 0) return { end: "no_contact", name: `${person.name}${how}` };
  return { sinkIds: person.sinkIds, via: `${person.name}${how}` };
}
