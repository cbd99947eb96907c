// Whose turn it is: layers of rotations, restrictions, and people who stand in. Everything is meant by the clock on the
// wall of the schedule's zone, so a day of 23 or 25 hours has neither a hole nor two at once. Pure.
import { Temporal } from "temporal-polyfill";
import { z } from "zod";
import { cleanText } from "./text.ts";

export const DAY_MS = 86_400_000;
const HOUR = /^([01]\d|2[0-3]):[0-5]\d$/;
const hour = z.string().regex(HOUR, "Write a time as HH:MM, for example 09:00.");

/** "Europe/Berlin"; offsets such as "+02:00" are none: they know no summer. */
export function isZone(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]{1,63}$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function isDate(text: string): boolean {
  try {
    return Temporal.PlainDate.from(text, { overflow: "reject" }).toString() === text;
  } catch {
    return false;
  }
}

const restriction = z.strictObject({
  /** ISO weekdays on which it begins: 1 is Monday. */
  days: z.array(z.number().int().min(1).max(7)).min(1, "Choose at least one day.").max(7),
  from: hour,
  /** Not after `from`: it ends on the next day; the same: it lasts the whole day. */
  to: hour,
});
export type Restriction = z.infer<typeof restriction>;

const layer = z
  .strictObject({
    /** They take turns in this order. */
    people: z.array(z.uuid("Choose people.")).max(50, "A rotation has at most fifty people.").default([]),
    /** Instead of people: whoever is in this group of the identity provider, by name. */
    group: z
      .string()
      .max(200)
      .transform((g) => cleanText(g, 200))
      .optional(),
    /** Local date of the first turn. */
    startsOn: z
      .string()
      .max(10)
      .refine((d) => isDate(d) && d >= "2000-01-01" && d <= "2100-01-01", "Choose the day of the first turn."),
    handoffAt: hour,
    everyDays: z.coerce.number().int().min(1, "A turn lasts a day at least.").max(366, "A turn lasts a year at most."),
    /** On only then; none: always. */
    restrictions: z.array(restriction).max(14, "A rotation has at most fourteen restrictions.").default([]),
  })
  .refine((l) => (l.group ?? "") !== "" || l.people.length > 0, {
    error: "Choose at least one person, or name a group.",
    path: ["people"],
  });
export type Layer = z.infer<typeof layer>;
export const layersSchema = z.array(layer).min(1, "A schedule has at least one rotation.").max(10);

/** "2026-12-24T18:00" by the clock on the wall there. @returns epoch ms, or null for what is no such time */
export function wallTime(text: string, zone: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/.test(text)) return null;
  try {
    return Temporal.PlainDateTime.from(text, { overflow: "reject" }).toZonedDateTime(zone).epochMilliseconds;
  } catch {
    return null;
  }
}

export interface Override {
  id: string;
  personId: string;
  /** Epoch ms, from inclusive, to exclusive. */
  from: number;
  to: number;
}

export interface Schedule {
  id: string;
  name: string;
  zone: string;
  layers: readonly Layer[];
  /** Of several at once the one that was made last counts: it stands last. */
  overrides: readonly Override[];
}

/** Who may be on call at all: somebody who has left is not, whatever a schedule says. */
export interface OnCallPeople {
  has(personId: string): boolean;
  /** Members now, in the order in which they take turns. */
  inGroup(group: string): readonly string[];
}

/** @param at epoch ms @returns the person's id, or null when nobody is on */
export function onCallAt(schedule: Schedule, people: OnCallPeople, at: number): string | null {
  const standIn = schedule.overrides.findLast((o) => o.from <= at && at < o.to && people.has(o.personId));
  if (standIn !== undefined) return standIn.personId;
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(schedule.zone);
  for (const layer of schedule.layers) {
    if (!within(layer.restrictions, local)) continue;
    const person = turnOf(layer, schedule.zone, people, at, local);
    if (person !== null) return person;
  }
  return null;
}

function turnOf(
  layer: Layer,
  zone: string,
  people: OnCallPeople,
  at: number,
  local: Temporal.ZonedDateTime,
): string | null {
  const all = layer.group === undefined || layer.group === "" ? layer.people : people.inGroup(layer.group);
  const turn = turnNumber(layer, zone, at, local);
  if (turn < 0 || all.length === 0) return null;
  // Whoever has left is stood in for by the next in the list: nobody else's turn moves.
  for (let i = 0; i < all.length; i++) {
    const person = all[(turn + i) % all.length];
    if (person !== undefined && people.has(person)) return person;
  }
  return null;
}

/** Epoch ms of the start of turn `n`: at the hand-off's local time, in a gap as late as the gap is long, of two the first. */
export function handoff(
  { startsOn, handoffAt, everyDays }: Pick<Layer, "startsOn" | "handoffAt" | "everyDays">,
  zone: string,
  n: number,
): number {
  const day = Temporal.PlainDate.from(startsOn).add({ days: n * everyDays });
  return day.toZonedDateTime({ timeZone: zone, plainTime: handoffAt }).epochMilliseconds;
}

/** @returns below 0 before the first turn */
function turnNumber(layer: Layer, zone: string, at: number, local: Temporal.ZonedDateTime): number {
  const days = Temporal.PlainDate.from(layer.startsOn).until(local.toPlainDate(), { largestUnit: "days" }).days;
  const guess = Math.floor(days / layer.everyDays);
  // On the day of a hand-off it depends on the hour; some zones have skipped a whole day.
  if (at >= handoff(layer, zone, guess + 1)) return guess + 1;
  return at >= handoff(layer, zone, guess) ? guess : guess - 1;
}

const minutes = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));

/** By what the clock on the wall shows: two restrictions that meet at an hour leave no hole in the night it changes. */
function within(restrictions: readonly Restriction[], local: Temporal.ZonedDateTime): boolean {
  if (restrictions.length === 0) return true;
  const now = local.hour * 60 + local.minute;
  const yesterday = local.dayOfWeek === 1 ? 7 : local.dayOfWeek - 1;
  return restrictions.some(({ days, from, to }) => {
    const [start, end] = [minutes(from), minutes(to)];
    if (start < end) return days.includes(local.dayOfWeek) && start <= now && now < end;
    return (days.includes(local.dayOfWeek) && now >= start) || (days.includes(yesterday) && now < end);
  });
}

export interface Shift {
  /** Epoch ms, from inclusive, to exclusive. */
  from: number;
  to: number;
  /** null: nobody, a hole. */
  personId: string | null;
}

/** Everything from `from` to `to` (epoch ms), without a gap: where nobody is on, a shift says so. */
export function shifts(schedule: Schedule, people: OnCallPeople, from: number, to: number): Shift[] {
  const found: Shift[] = [];
  const edges = [...edgesOf(schedule, from, to)].filter((e) => e > from && e < to).sort((a, b) => a - b);
  for (const [i, start] of [from, ...edges].entries()) {
    const personId = onCallAt(schedule, people, start);
    const end = edges[i] ?? to;
    const last = found.at(-1);
    if (last !== undefined && last.personId === personId) last.to = end;
    else found.push({ from: start, to: end, personId });
  }
  return found;
}

/** Every moment at which the answer may change: between two of them it does not. */
function edgesOf(schedule: Schedule, from: number, to: number): Set<number> {
  const { zone } = schedule;
  const edges = new Set(schedule.overrides.flatMap((o) => [o.from, o.to]));
  const first = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(zone);
  const days = Math.ceil((to - from) / DAY_MS) + 2;
  const hours = new Set(["00:00"]);
  for (const { handoffAt, restrictions } of schedule.layers) {
    hours.add(handoffAt);
    for (const r of restrictions) hours.add(r.from).add(r.to);
  }
  const day0 = first.toPlainDate().subtract({ days: 1 });
  for (let d = 0; d <= days; d++) {
    const day = day0.add({ days: d });
    for (const hour of hours) {
      const wall = day.toPlainDateTime(hour);
      // An hour that comes twice is an edge both times.
      for (const disambiguation of ["earlier", "later"] as const)
        edges.add(wall.toZonedDateTime(zone, { disambiguation }).epochMilliseconds);
    }
  }
  let change = first.subtract({ hours: 24 }).getTimeZoneTransition("next");
  while (change !== null && change.epochMilliseconds < to) {
    edges.add(change.epochMilliseconds);
    change = change.getTimeZoneTransition("next");
  }
  return edges;
}

/** Where nobody is on, of shifts that were worked out. */
export const holes = (all: readonly Shift[]): Shift[] => all.filter((s) => s.personId === null);
