import { expect, test } from "vitest";
import { replaced, stateOf } from "./platform.ts";

const now = new Date("2026-11-21T06:00:00Z");
const before = (s: number) => new Date(now.getTime() - s * 1000);

test.each([
  ["a heartbeat of just now reports", 5, null, "reports"],
  ["one of 30 seconds ago still does", 30, null, "reports"],
  ["after that it is silent", 31, null, "silent"],
  ["one that said that it stops is stopped, not silent", 300, 300, "stopped"],
])("%s", (_, beat, stopped, state) => {
  expect(stateOf({ heartbeatAt: before(beat), stoppedAt: stopped === null ? null : before(stopped) }, now)).toBe(state);
});

const row = (kind: string, place: string | null, state: "reports" | "silent" | "stopped", startedAt: number) => ({
  kind,
  place,
  state,
  startedAt,
});

test.each([
  [
    "a stopped prober is history once another of its region has started",
    [row("prober", "fra", "stopped", 1), row("prober", "fra", "reports", 2)],
    ["reports fra"],
  ],
  [
    "a silent one with nobody in its place comes first",
    [row("prober", "fra", "reports", 1), row("prober", "iad", "silent", 1)],
    ["silent iad", "reports fra"],
  ],
  [
    "two that report are both there",
    [row("prober", "fra", "reports", 1), row("prober", "fra", "reports", 2)],
    ["reports fra", "reports fra"],
  ],
  [
    "another region stands in for nobody",
    [row("prober", "fra", "stopped", 1), row("prober", "iad", "reports", 2)],
    ["reports iad", "stopped fra"],
  ],
] as const)("%s", (_, rows, left) => {
  expect(replaced(rows).map((r) => `${r.state} ${r.place}`)).toEqual(left);
});
