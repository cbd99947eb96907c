import { describe, expect, test } from "vitest";
import { cameThrough, missed, type SelftestFacts, stuckPart } from "./selftest.ts";

const START = Date.parse("2026-11-21T12:00:00Z");
const at = (s: number) => new Date(START + s * 1_000);
type Step = "scheduled" | "decided" | "seen";
const facts = (s: number, step: Step, seen: number | null = null): SelftestFacts => ({
  newest: { at: at(s), step },
  lastSeenAt: seen === null ? null : at(seen),
});

/** What rows there are at second `s` when a part froze at second `frozen`, with a test begun every 30 s. */
function world(part: "scheduler" | "decide" | "outbox", frozen: number, s: number): SelftestFacts {
  const begun = Math.floor((part === "scheduler" ? Math.min(s, frozen) : s) / 30) * 30;
  const whole = Math.floor(Math.min(s, frozen) / 30) * 30;
  const reached: Step = begun < frozen ? "seen" : part === "decide" ? "scheduled" : "decided";
  return facts(begun, reached, Math.min(whole, begun));
}

describe.each(["scheduler", "decide", "outbox"] as const)("when the %s freezes, whenever that is", (part) => {
  test("the console says so within 60 s, its own look every 10 s included, and not before", () => {
    for (let frozen = 31; frozen < 91; frozen++) {
      let said: number | null = null;
      for (let s = 31; said === null && s < frozen + 200; s += 1)
        if (s % 10 === 0 && stuckPart(world(part, frozen, s), at(s)) !== null) said = s;
      expect(said).not.toBeNull();
      expect(said ?? 0).toBeGreaterThan(frozen);
      expect((said ?? 0) - frozen).toBeLessThanOrEqual(60);
    }
  });

  test("no heartbeat goes out later than 120 s after, and each one before does", () => {
    for (let frozen = 61; frozen < 121; frozen++)
      for (let s = 60; s < frozen + 300; s++) {
        const well = cameThrough(world(part, frozen, s), at(s));
        if (s <= frozen) expect(well).toBe(true);
        if (s > frozen + 119) expect(well).toBe(false);
      }
  });
});

test("nothing is said of a road that nobody has tried yet", () => {
  expect(stuckPart({ newest: null, lastSeenAt: null }, at(0))).toBeNull();
  expect(missed({ newest: null, lastSeenAt: null }, at(0), at(900))).toBe(false);
  expect(cameThrough({ newest: null, lastSeenAt: null }, at(0))).toBe(false);
});

test("an alert of its own comes when several in a row are missing, counted from the watcher's own start", () => {
  expect(missed(facts(120, "decided", 0), at(0), at(150))).toBe(false);
  expect(missed(facts(120, "decided", 0), at(0), at(151))).toBe(true);
  expect(missed(facts(120, "decided", 0), at(100), at(240))).toBe(false);
});
