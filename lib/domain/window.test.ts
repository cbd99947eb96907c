import { expect, test } from "vitest";
import {
  describeRule,
  holdingWindow,
  occurrences,
  ruleOfRow,
  underWay,
  wallClock,
  windowRule,
  type WindowRule,
} from "./window.ts";

const rule = (given: Partial<WindowRule>): WindowRule =>
  windowRule.parse({
    ...{ repeat: "days", from: "2026-01-01", startsAt: "02:30", minutes: 60, zone: "Europe/Berlin" },
    ...given,
  });
const starts = (given: Partial<WindowRule>, after: string, most: number) =>
  occurrences(rule(given), new Date(after), most).map((o) => new Date(o.start).toISOString().slice(0, 16));

test("a start that the wall clock skips comes an hour later, once, and lasts as long as ever", () => {
  const [before, gap, after] = occurrences(rule({}), new Date("2026-03-28T00:00:00Z"), 3);
  expect([before, gap, after].map((o) => wallClock(o?.start ?? 0, "Europe/Berlin"))).toEqual([
    "Sat 2026-03-28 02:30 +01:00",
    "Sun 2026-03-29 03:30 +02:00",
    "Mon 2026-03-30 02:30 +02:00",
  ]);
  expect((gap?.end ?? 0) - (gap?.start ?? 0)).toBe(3_600_000);
});

test("a start that the wall clock shows twice is taken the first time, and the night stays real hours long", () => {
  const [night, next] = occurrences(rule({ minutes: 180 }), new Date("2026-10-24T12:00:00Z"), 2);
  expect(wallClock(night?.start ?? 0, "Europe/Berlin")).toBe("Sun 2026-10-25 02:30 +02:00");
  expect(wallClock(night?.end ?? 0, "Europe/Berlin")).toBe("Sun 2026-10-25 04:30 +01:00");
  expect(wallClock(next?.start ?? 0, "Europe/Berlin")).toBe("Mon 2026-10-26 02:30 +01:00");
});

test("where a zone left out a whole day, what would have begun on it begins once", () => {
  // Samoa went from 29 to 31 December 2011.
  expect(starts({ zone: "Pacific/Apia", from: "2011-12-29", until: "2012-01-01" }, "2011-12-28T00:00:00Z", 9)).toEqual([
    "2011-12-29T12:30",
    "2011-12-30T12:30",
    "2011-12-31T12:30",
  ]);
});

test.each<[string, Partial<WindowRule>, string[]]>([
  ["every third day", { repeat: "days", every: 3, zone: "UTC" }, ["2026-01-04", "2026-01-07", "2026-01-10"]],
  [
    "every week on two days",
    { repeat: "weeks", weekdays: [2, 5], zone: "UTC" },
    ["2026-01-02", "2026-01-06", "2026-01-09"],
  ],
  [
    "every second week, counted from the week of its first day",
    { repeat: "weeks", every: 2, weekdays: [1], zone: "UTC" },
    ["2026-01-12", "2026-01-26", "2026-02-09"],
  ],
  [
    "the second Tuesday of a month",
    { repeat: "months", nth: 2, weekday: 2, zone: "UTC" },
    ["2026-01-13", "2026-02-10", "2026-03-10"],
  ],
  [
    "the last Friday",
    { repeat: "months", nth: -1, weekday: 5, zone: "UTC" },
    ["2026-01-30", "2026-02-27", "2026-03-27"],
  ],
  [
    "a fifth Monday, in the months that have one",
    { repeat: "months", nth: 5, weekday: 1, zone: "UTC" },
    ["2026-03-30", "2026-06-29", "2026-08-31"],
  ],
  ["once", { repeat: "once", from: "2026-02-01", zone: "UTC" }, ["2026-02-01"]],
  ["until its last day", { until: "2026-01-02", zone: "UTC" }, ["2026-01-02"]],
])("%s", (_what, given, days) => {
  expect(starts(given, "2026-01-01T12:00:00Z", 3).map((s) => s.slice(0, 10))).toEqual(days);
});

test("what is under way is found at its first moment and no more at its end, also a week long", () => {
  const long = rule({ repeat: "once", from: "2026-03-27", minutes: 7 * 1440 });
  const [only] = occurrences(long, new Date("2026-01-01T00:00:00Z"), 5);
  expect(underWay(long, new Date(only?.start ?? 0))).toEqual(only);
  expect(underWay(long, new Date((only?.end ?? 0) - 1))).toEqual(only);
  expect(underWay(long, new Date(only?.end ?? 0))).toBeNull();
  expect(underWay(long, new Date((only?.start ?? 0) - 1))).toBeNull();
});

test("asking what is under way agrees with the list of times, at every minute of four months and in zones far apart", () => {
  for (const zone of ["Europe/Berlin", "America/New_York", "Pacific/Auckland", "Australia/Lord_Howe"]) {
    const r = rule({ zone, every: 2, minutes: 95, from: "2026-02-20", until: "2026-06-20" });
    const times = occurrences(r, new Date("2026-02-01T00:00:00Z"), 200);
    expect(times.length).toBe(61);
    for (const { start, end } of times) {
      expect(wallClock(start, zone)).toMatch(/ (02|03):\d0 /);
      for (const [at, holds] of [
        [start - 60_000, false],
        [start, true],
        [end - 60_000, true],
        [end, false],
      ] as const)
        expect(underWay(r, new Date(at)) !== null).toBe(holds);
    }
  }
});

test("a window over some servers holds those, one over all also what has no server, and the last end counts", () => {
  const now = new Date("2026-06-01T00:40:00Z");
  const some = { id: "a", serverIds: ["s1"], comment: "", rule: rule({}) };
  const all = { id: "b", serverIds: [], comment: "", rule: rule({ minutes: 30 }) };
  expect(holdingWindow([some, all], "s1", now)?.window.id).toBe("a");
  expect(holdingWindow([some, all], "s2", now)?.window.id).toBe("b");
  expect(holdingWindow([some, all], null, now)?.window.id).toBe("b");
  expect(holdingWindow([some], null, now)).toBeNull();
});

test.each<[string, Record<string, unknown>, RegExp]>([
  ["an offset instead of a zone", { zone: "+02:00" }, /time zone/],
  ["a zone that is none", { zone: "Mars/Olympus" }, /time zone/],
  ["a day that is none", { from: "2026-02-30" }, /first day/],
  ["no weekday", { repeat: "weeks", weekdays: [] }, /day of the week/],
  ["a time that is none", { startsAt: "24:00" }, /HH:MM/],
  ["an end before its beginning", { until: "2025-12-31" }, /before it begins/],
  ["more than a week", { minutes: 10_081 }, /7 days/],
  ["one that is never over", { minutes: 1_441 }, /shorter/],
])("%s is refused, and says what is asked for", (_what, given, says) => {
  const parsed = windowRule.safeParse({
    ...{ repeat: "days", from: "2026-01-01", startsAt: "02:30", minutes: 60, zone: "Europe/Berlin" },
    ...given,
  });
  expect(parsed.error?.issues[0]?.message).toMatch(says);
});

test("it is said in words, and a stored rule that is none holds nothing", () => {
  expect(describeRule(rule({ repeat: "weeks", weekdays: [5, 2], minutes: 90 }))).toBe(
    "Every week on Tuesday, Friday at 02:30 Europe/Berlin, for 90 minutes, from 2026-01-01",
  );
  expect(describeRule(rule({ repeat: "months", nth: -1, weekday: 5, minutes: 120, every: 3 }))).toMatch(
    /^Every 3 months on the last Friday at 02:30 .* for 2 hours/,
  );
  expect(ruleOfRow({ repeat: "never" })).toBeNull();
});

test("one that would run into its next time is refused: it would hold back for good", () => {
  const ok = (given: Partial<WindowRule>) =>
    windowRule.safeParse({
      ...{
        repeat: "weeks",
        from: "2026-01-01",
        startsAt: "02:30",
        minutes: 1440,
        zone: "Europe/Berlin",
        weekdays: [1],
      },
      ...given,
    }).success;
  expect(ok({ repeat: "days" })).toBe(false);
  expect(ok({ repeat: "days", minutes: 1439 })).toBe(true);
  expect(ok({ weekdays: [1, 2, 3, 4, 5, 6, 7] })).toBe(false);
  expect(ok({ weekdays: [7, 1] })).toBe(false);
  expect(ok({ weekdays: [1, 1, 3] })).toBe(true);
  expect(ok({ minutes: 7 * 1440 })).toBe(false);
  expect(ok({ minutes: 7 * 1440, every: 2 })).toBe(true);
});
