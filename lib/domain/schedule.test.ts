import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  handoff,
  holes,
  isZone,
  type Layer,
  layersSchema,
  type OnCallPeople,
  onCallAt,
  type Schedule,
  shifts,
  wallTime,
} from "./schedule.ts";
import { anySchedule, DST_DAYS, everybody, person, wallAt, ZONES } from "../testing/schedules.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;
const [ann, bob, cem] = [person(1), person(2), person(3)];
const all = everybody([ann, bob, cem]);
const at = (iso: string) => Date.parse(iso);
const layer = (given: Partial<Layer> = {}): Layer => ({
  ...{ people: [ann, bob], startsOn: "2026-03-23", handoffAt: "09:00", everyDays: 7, restrictions: [] },
  ...given,
});
const schedule = (layers: Layer[], given: Partial<Schedule> = {}): Schedule => ({
  ...{ id: "s", name: "Nights", zone: "Europe/Berlin", layers, overrides: [] },
  ...given,
});

describe("turns", () => {
  test("change at the hand-off by the clock on the wall, on both sides of the night in which it changes", () => {
    const s = schedule([layer({ everyDays: 1 })]);
    // 09:00 in Berlin is 08:00 UTC in winter and 07:00 UTC in summer, which begins on 29 March 2026.
    expect(onCallAt(s, all, at("2026-03-28T07:59:59Z"))).toBe(ann);
    expect(onCallAt(s, all, at("2026-03-28T08:00:00Z"))).toBe(bob);
    expect(onCallAt(s, all, at("2026-03-29T06:59:59Z"))).toBe(bob);
    expect(onCallAt(s, all, at("2026-03-29T07:00:00Z"))).toBe(ann);
  });

  test.each([
    ["Europe/Berlin", "2026-03-29", "02:30", "2026-03-29T01:30:00Z"],
    ["Europe/Berlin", "2026-10-25", "02:30", "2026-10-25T00:30:00Z"],
    ["America/New_York", "2026-03-08", "02:30", "2026-03-08T07:30:00Z"],
    ["America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30:00Z"],
    ["Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:45:00Z"],
    ["Australia/Lord_Howe", "2026-04-05", "01:45", "2026-04-04T14:45:00Z"],
    ["Africa/Cairo", "2026-04-24", "00:00", "2026-04-23T22:00:00Z"],
    ["Africa/Cairo", "2026-10-29", "23:30", "2026-10-29T20:30:00Z"],
  ])("in %s on %s, a hand-off at %s that does not exist or comes twice happens once, at %s", (zone, day, hour, is) => {
    const l = layer({ startsOn: day, handoffAt: hour, everyDays: 1 });
    expect(new Date(handoff(l, zone, 0)).toISOString()).toBe(is.replace("Z", ".000Z"));
    const s = schedule([l, layer({ startsOn: "2020-01-01", people: [cem] })], { zone });
    const seen = shifts(s, all, at(is) - 6 * HOUR, at(is) + 6 * HOUR).map((x) => [x.personId, x.from]);
    expect(seen).toEqual([
      [cem, at(is) - 6 * HOUR],
      [ann, at(is)],
    ]);
  });

  test("are nobody's before the first one", () => {
    const s = schedule([layer()]);
    expect(onCallAt(s, all, at("2026-03-23T07:59:59Z"))).toBeNull();
    expect(onCallAt(s, all, at("2026-03-23T08:00:00Z"))).toBe(ann);
  });

  test("of somebody who has left are the next one's, and nobody else's turn moves", () => {
    const s = schedule([layer({ people: [ann, bob, cem] })]);
    const now = at("2026-03-31T12:00:00Z");
    expect(onCallAt(s, all, now)).toBe(bob);
    expect(onCallAt(s, everybody([ann, cem]), now)).toBe(cem);
    expect(onCallAt(s, everybody([ann, cem]), now + 7 * 24 * HOUR)).toBe(cem);
    expect(onCallAt(s, everybody([]), now)).toBeNull();
  });

  test("of a group follow the group: who joins it is on call with no edit here", () => {
    const s = schedule([layer({ people: [], group: "oncall" })]);
    const members = (ids: string[]): OnCallPeople => ({ has: () => true, inGroup: (g) => (g === "oncall" ? ids : []) });
    const now = at("2026-03-24T12:00:00Z");
    expect(onCallAt(s, members([ann]), now)).toBe(ann);
    expect(onCallAt(s, members([cem]), now)).toBe(cem);
    expect(onCallAt(s, members([]), now)).toBeNull();
  });
});

describe("restrictions", () => {
  test("cross midnight with the day on which they began, and what is left is for the rotation behind", () => {
    const nights = layer({ people: [ann], restrictions: [{ days: [5], from: "20:00", to: "08:00" }] });
    const s = schedule([nights, layer({ people: [bob] })]);
    // Friday 27 March 2026, 20:00 to Saturday 08:00 in Berlin.
    expect(onCallAt(s, all, at("2026-03-27T18:59:00Z"))).toBe(bob);
    expect(onCallAt(s, all, at("2026-03-27T19:00:00Z"))).toBe(ann);
    expect(onCallAt(s, all, at("2026-03-28T06:59:00Z"))).toBe(ann);
    expect(onCallAt(s, all, at("2026-03-28T07:00:00Z"))).toBe(bob);
    expect(onCallAt(s, all, at("2026-03-28T20:00:00Z"))).toBe(bob);
  });

  test.each(DST_DAYS)("that meet at any hour of %s %s leave no hole", (zone, day) => {
    const noon = at(`${day}T12:00:00Z`);
    for (const meet of ["00:00", "00:30", "01:30", "02:00", "02:15", "02:30", "03:00", "23:30"]) {
      const days = [1, 2, 3, 4, 5, 6, 7];
      const s = schedule(
        [
          layer({ people: [ann], startsOn: "2020-01-01", restrictions: [{ days, from: "12:00", to: meet }] }),
          layer({ people: [bob], startsOn: "2020-01-01", restrictions: [{ days, from: meet, to: "12:00" }] }),
        ],
        { zone },
      );
      expect(holes(shifts(s, all, noon - 48 * HOUR, noon + 48 * HOUR)), meet).toEqual([]);
    }
  });
});

describe("somebody who stands in", () => {
  test("counts instead of whose turn it is, the last one made first, and only as long as they are there", () => {
    const overrides = [
      { id: "1", personId: cem, from: at("2026-03-24T10:00:00Z"), to: at("2026-03-24T14:00:00Z") },
      { id: "2", personId: bob, from: at("2026-03-24T12:00:00Z"), to: at("2026-03-24T13:00:00Z") },
    ];
    const s = schedule([layer()], { overrides });
    const who = (iso: string, people = all) => onCallAt(s, people, at(iso));
    expect(who("2026-03-24T09:59:59Z")).toBe(ann);
    expect(who("2026-03-24T10:00:00Z")).toBe(cem);
    expect(who("2026-03-24T12:30:00Z")).toBe(bob);
    expect(who("2026-03-24T14:00:00Z")).toBe(ann);
    expect(who("2026-03-24T11:00:00Z", everybody([ann, bob]))).toBe(ann);
  });
});

describe("for any schedule, in any zone, on days in which its clock changes", () => {
  test("whose turn it is agrees with the calendar counted by hand", () => {
    fc.assert(
      fc.property(anySchedule, fc.integer({ min: -72 * 60, max: 72 * 60 }), ({ schedule: s, day, people }, m) => {
        const now = at(`${day}T12:00:00Z`) + m * MINUTE;
        expect(onCallAt(s, people, now)).toBe(byHand(s, people, now));
      }),
      { numRuns: 400 },
    );
  });

  test("shifts follow each other without a gap and say at each minute who is on", () => {
    fc.assert(
      fc.property(anySchedule, fc.integer({ min: 0, max: 95 * 60 + 59 }), ({ schedule: s, day, people }, m) => {
        const [from, to] = [at(`${day}T12:00:00Z`) - 48 * HOUR, at(`${day}T12:00:00Z`) + 48 * HOUR];
        const list = shifts(s, people, from, to);
        expect([list[0]?.from, list.at(-1)?.to]).toEqual([from, to]);
        for (const [i, shift] of list.entries()) if (i > 0) expect(shift.from).toBe(list[i - 1]?.to);
        const now = from + m * MINUTE;
        expect(list.find((x) => x.from <= now && now < x.to)?.personId).toBe(onCallAt(s, people, now));
      }),
      { numRuns: 120 },
    );
  });
});

/** The same by another road: no Temporal, every turn counted from the first, the hours read off a formatted clock. */
function byHand(s: Schedule, people: OnCallPeople, now: number): string | null {
  const over = s.overrides.filter((o) => o.from <= now && now < o.to && people.has(o.personId)).at(-1);
  if (over) return over.personId;
  const wall = wallAt(s.zone, now);
  const minute = wall.getUTCHours() * 60 + wall.getUTCMinutes();
  const day = wall.getUTCDay() || 7;
  const inside = (r: Layer["restrictions"][number]) => {
    const [f, t] = [r.from, r.to].map((h) => Number(h.slice(0, 2)) * 60 + Number(h.slice(3))) as [number, number];
    const before = day === 1 ? 7 : day - 1;
    return f < t
      ? r.days.includes(day) && minute >= f && minute < t
      : (r.days.includes(day) && minute >= f) || (r.days.includes(before) && minute < t);
  };
  for (const l of s.layers) {
    if (l.restrictions.length > 0 && !l.restrictions.some(inside)) continue;
    let turn = -1;
    for (let day = Date.parse(`${l.startsOn}T${l.handoffAt}:00Z`); instant(s.zone, day) <= now; turn++)
      day += l.everyDays * 24 * HOUR;
    const list = l.group ? people.inGroup(l.group) : l.people;
    if (turn < 0) continue;
    const found = list.map((_, i) => list[(turn + i) % list.length] ?? "").find((id) => people.has(id));
    if (found !== undefined) return found;
  }
  return null;
}

/** Of a wall time that comes twice the first, of one that never comes the one after by as much as the gap. */
function instant(zone: string, wall: number): number {
  const offset = (t: number) => wallAt(zone, t).getTime() - t;
  const tries = [wall - offset(wall - 24 * HOUR), wall - offset(wall + 24 * HOUR)];
  return tries.find((t) => wallAt(zone, t).getTime() === wall) ?? tries[0] ?? wall;
}

describe("what is taken as a schedule", () => {
  test.each([
    ["Europe/Berlin", true],
    ["UTC", true],
    ["+02:00", false],
    ["Mars/Olympus", false],
    ["../etc/passwd", false],
    ["", false],
  ])("the zone %s: %s", (zone, good) => {
    expect(isZone(zone)).toBe(good);
  });
  test.each<[string, unknown]>([
    ["no rotation", []],
    ["nobody and no group", [{ startsOn: "2026-01-01", handoffAt: "09:00", everyDays: 7 }]],
    ["a day that is none", [{ people: [ann], startsOn: "2026-02-30", handoffAt: "09:00", everyDays: 7 }]],
    ["an hour that is none", [{ people: [ann], startsOn: "2026-02-01", handoffAt: "24:00", everyDays: 7 }]],
    ["a turn of no length", [{ people: [ann], startsOn: "2026-02-01", handoffAt: "09:00", everyDays: 0 }]],
    ["a key that nobody knows", [{ ...layer(), colour: "red" }]],
  ])("not %s", (_what, layers) => {
    expect(layersSchema.safeParse(layers).success).toBe(false);
  });
  test("a wall time is read in its zone, and what is none is refused", () => {
    expect(wallTime("2026-07-01T09:00", "Europe/Berlin")).toBe(at("2026-07-01T07:00:00Z"));
    expect(wallTime("2026-02-30T09:00", "Europe/Berlin")).toBeNull();
    expect(wallTime("tomorrow", "Europe/Berlin")).toBeNull();
    for (const zone of ZONES) expect(wallTime("2026-06-15T12:00", zone)).not.toBeNull();
  });
});
