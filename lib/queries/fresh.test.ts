import { expect, test } from "vitest";
import { shown } from "./fresh.ts";

const slot = new Date("2026-11-21T06:00:00Z");
const later = (s: number) => new Date(slot.getTime() + s * 1000);

test.each([
  ["a verdict of this interval is believed", 60, 30, "up", false],
  ["a verdict two intervals after its slot's end is still believed", 60, 180, "up", false],
  ["past that it is shown as not checked, never green", 60, 211, "unknown", true],
  ["a short interval goes stale sooner", 15, 76, "unknown", true],
])("%s", (_, intervalS, afterS, status, stale) => {
  const answer = shown({ status: "up", reason: null, lastSlot: slot }, { intervalS, paused: false }, later(afterS));
  expect(answer).toMatchObject({ status, stale });
  if (stale) expect(answer.reason).toBe("not_checked");
});

test("a server nobody has looked at yet is unknown and not stale", () => {
  expect(shown(null, { intervalS: 60, paused: false }, slot)).toEqual({
    status: "unknown",
    reason: "not_checked",
    stale: false,
  });
});

test("a paused server is never green, and nothing is said to be wrong with it", () => {
  expect(shown({ status: "up", reason: null, lastSlot: slot }, { intervalS: 60, paused: true }, later(1))).toEqual({
    status: "unknown",
    reason: null,
    stale: false,
  });
});

test.each([
  ["worker_stopped", "unknown", slot, "worker_stopped"],
  ["region_stopped", "unknown", slot, "region_stopped"],
  ["prober_fault", "unknown", slot, "prober_fault"],
  ["worker_stopped", "unknown", null, "worker_stopped"],
  ["rate_limited", "unknown", slot, "not_checked"],
  ["connection_refused", "down", slot, "not_checked"],
])(
  "of an old verdict the reason %s (%s) is shown only if it says why nobody looks",
  (reason, status, lastSlot, shows) => {
    const answer = shown({ status, reason, lastSlot }, { intervalS: 60, paused: false }, later(3600));
    expect(answer).toEqual({ status: "unknown", reason: shows, stale: lastSlot !== null });
  },
);
