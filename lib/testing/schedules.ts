// Schedules as property tests draw them: rotations, restrictions and stand-ins around nights in which a clock changes.
import fc from "fast-check";
import type { Layer, OnCallPeople, Override, Schedule } from "#lib/domain/schedule";

/** Where and when a clock changes: by an hour, by half of one, at midnight. */
export const DST_DAYS = [
  ["Europe/Berlin", "2026-03-29"],
  ["Europe/Berlin", "2026-10-25"],
  ["America/New_York", "2026-03-08"],
  ["America/New_York", "2026-11-01"],
  ["Australia/Lord_Howe", "2026-10-04"],
  ["Australia/Lord_Howe", "2026-04-05"],
  ["Africa/Cairo", "2026-04-24"],
  ["Africa/Cairo", "2026-10-30"],
] as const;
export const ZONES = ["UTC", "Asia/Kolkata", "Asia/Kathmandu", ...new Set(DST_DAYS.map(([zone]) => zone))] as const;

export const person = (n: number): string => `10000000-0000-4000-8000-00000000000${n}`;
export const PEOPLE = [1, 2, 3, 4].map(person);
const GROUP = "oncall";

export const everybody = (ids: readonly string[]): OnCallPeople => ({
  has: (id) => ids.includes(id),
  inGroup: (group) => (group === GROUP ? ids : []),
});

const formats = new Map<string, Intl.DateTimeFormat>();

/** The clock on the wall, as if it were UTC. */
export function wallAt(zone: string, at: number): Date {
  const part = "2-digit";
  const options = { year: "numeric", month: part, day: part, hour: part, minute: part, second: part } as const;
  const format =
    formats.get(zone) ?? new Intl.DateTimeFormat("en-CA", { timeZone: zone, hourCycle: "h23", ...options });
  formats.set(zone, format);
  const of = Object.fromEntries(format.formatToParts(at).map((p) => [p.type, p.value]));
  return new Date(`${of.year}-${of.month}-${of.day}T${of.hour}:${of.minute}:${of.second}Z`);
}

const hours = fc.constantFrom("00:00", "00:30", "01:30", "02:00", "02:15", "02:30", "03:00", "09:00", "17:00", "23:30");
const days = fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 1 });
const layers = (day: string): fc.Arbitrary<Layer> =>
  fc.record({
    people: fc.array(fc.constantFrom(...PEOPLE), { minLength: 1, maxLength: 4 }),
    group: fc.constantFrom(undefined, undefined, GROUP),
    startsOn: fc.integer({ min: -3, max: 40 }).map((ago) => dayBefore(day, ago)),
    handoffAt: hours,
    everyDays: fc.constantFrom(1, 1, 2, 3, 7),
    restrictions: fc.array(fc.record({ days, from: hours, to: hours }), { maxLength: 2 }),
  });

const dayBefore = (day: string, ago: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) - ago * 86_400_000).toISOString().slice(0, 10);

const overrides = (day: string): fc.Arbitrary<Override> =>
  fc
    .record({
      id: fc.uuid(),
      personId: fc.constantFrom(...PEOPLE),
      start: fc.integer({ min: -48 * 60, max: 48 * 60 }),
      long: fc.integer({ min: 1, max: 24 * 60 }),
    })
    .map(({ id, personId, start, long }) => {
      const from = Date.parse(`${day}T12:00:00Z`) + start * 60_000;
      return { id, personId, from, to: from + long * 60_000 };
    });

/** A schedule, a day near which its clock may change, and who of its people is still there. */
export const anySchedule: fc.Arbitrary<{ schedule: Schedule; day: string; people: OnCallPeople; ids: string[] }> = fc
  .tuple(
    fc.constantFrom(...DST_DAYS),
    fc.constantFrom(null, null, null, ...ZONES),
    fc.constantFrom(PEOPLE, PEOPLE, PEOPLE.slice(1), PEOPLE.slice(0, 1), []),
  )
  .chain(([[own, day], other, ids]) =>
    fc
      .record({
        layers: fc.array(layers(day), { minLength: 1, maxLength: 3 }),
        overrides: fc.array(overrides(day), { maxLength: 2 }),
      })
      .map((given) => ({
        schedule: { id: "20000000-0000-4000-8000-000000000001", name: "Nights", zone: other ?? own, ...given },
        day,
        people: everybody(ids),
        ids,
      })),
  );
