import { expect, test } from "vitest";
import { BREAK_GLASS_GROUP, EXERCISE_EVERY_MS, exercise, isReservedGroup } from "./break-glass.ts";

const NOW = new Date("2026-11-21T08:00:00Z");
const ago = (ms: number) => new Date(NOW.getTime() - ms);

test.each([
  ["made just now and never used", 0, null, "never"],
  ["made 90 days ago and never used", EXERCISE_EVERY_MS, null, "never"],
  ["never used for longer than that", EXERCISE_EVERY_MS + 1, null, "overdue"],
  ["used 90 days ago", 10 * EXERCISE_EVERY_MS, EXERCISE_EVERY_MS, "in time"],
  ["not used for longer than that", 10 * EXERCISE_EVERY_MS, EXERCISE_EVERY_MS + 1, "overdue"],
] as const)("an emergency account %s", (_, made, used, is) => {
  expect(exercise({ createdAt: ago(made), lastUsedAt: used === null ? null : ago(used) }, NOW)).toBe(is);
});

test("our own groups are known by their beginning", () => {
  expect([BREAK_GLASS_GROUP, "tocsin:x", "tocsin-root", "x|tocsin:"].map(isReservedGroup)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
