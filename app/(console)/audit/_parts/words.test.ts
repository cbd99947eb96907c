import { expect, test } from "vitest";
import { clip, dayEnd, dayStart } from "./words.ts";

test.each([
  ["2026-11-21", Date.parse("2026-11-21T00:00:00Z")],
  ["2026-13-01", null],
  ["21.11.2026", null],
  ["", null],
  ["2026-11-21T00:00", null],
])("a day of the address bar: %s", (text, start) => {
  expect(dayStart(text)).toBe(start);
  expect(dayEnd(text)).toBe(start === null ? null : start + 86_400_000);
});

test("a long text is cut between characters, never inside one", () => {
  expect(clip("a😀😀", 2)).toBe("a😀…");
  expect(clip("short", 5)).toBe("short");
});
