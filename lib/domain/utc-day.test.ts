import { expect, test } from "vitest";
import { dayEnd, dayStart, daysAfter, weekOf } from "./utc-day.ts";

test.each([
  ["2026-11-21", Date.parse("2026-11-21T00:00:00Z")],
  ["2026-13-01", null],
  ["2026-02-30", null],
  ["0000-01-01", null],
  ["9999-12-31", null],
  ["21.11.2026", null],
  ["", null],
  ["2026-11-21T00:00", null],
])("a day of the address bar: %s", (text, start) => {
  expect(dayStart(text)).toBe(start);
  expect(dayEnd(text)).toBe(start === null ? null : start + 86_400_000);
});

test.each([
  ["2026-11-16T00:00:00Z", "2026-11-16"],
  ["2026-11-22T23:59:59Z", "2026-11-16"],
  ["2026-01-01T12:00:00Z", "2025-12-29"],
])("the week of %s began on Monday, %s", (at, monday) => expect(weekOf(Date.parse(at))).toBe(monday));

test("days are counted over the end of a month and of summer time", () => {
  expect(daysAfter("2026-02-28", 1)).toBe("2026-03-01");
  expect(daysAfter("2026-03-30", -1)).toBe("2026-03-29");
});
