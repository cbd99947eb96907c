import { describe, expect, test } from "vitest";
import { relative, spell, utc } from "./time-words.ts";

describe("times are said as people say them", () => {
  test.each([
    [0, "0 s"],
    [999, "0 s"],
    [59_000, "59 s"],
    [60_000, "1 min"],
    [125_000, "2 min"],
    [3_600_000, "1 h"],
    [3_900_000, "1 h 5 min"],
    [4 * 3_600_000 + 300_000, "4 h"],
    [86_400_000 + 3_600_000, "1 d 1 h"],
    [9 * 86_400_000, "9 d"],
  ])("%d ms is %s", (ms, words) => expect(spell(ms)).toBe(words));

  test.each([
    [100_000, 101_000, "just now"],
    [0, 120_000, "2 min ago"],
    [120_000, 0, "in 2 min"],
  ])("at %d seen from %d is %s", (at, now, words) => expect(relative(at, now)).toBe(words));

  test("the exact time names its zone", () => expect(utc(0)).toBe("1970-01-01 00:00:00 UTC"));
});
