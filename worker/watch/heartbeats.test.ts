import { expect, test } from "vitest";
import { type Beat, silent } from "./heartbeats.ts";

const NOW = new Date("2026-11-21T12:00:00Z");
const LIMIT = 120_000;
const ago = (ms: number) => new Date(NOW.getTime() - ms);
const beat = (kind: Beat["kind"], region: string | null, lastMs: number, more: Partial<Beat> = {}): Beat => ({
  kind,
  region,
  startedAt: ago(3_600_000),
  heartbeatAt: ago(lastMs),
  stoppedAt: null,
  ...more,
});
const guard = beat("guard", null, 0);

test.each<[string, Beat[], boolean, string[]]>([
  ["everything beats", [guard, beat("worker", null, 5_000), beat("prober", "fra", 5_000)], false, []],
  [
    "a beat exactly at the limit still counts",
    [guard, beat("worker", null, LIMIT), beat("prober", "fra", LIMIT)],
    false,
    [],
  ],
  [
    "a millisecond later it does not",
    [guard, beat("worker", null, LIMIT + 1), beat("prober", "fra", LIMIT + 1)],
    true,
    ["fra"],
  ],
  ["the guard is no worker", [guard, beat("prober", "fra", 0)], true, []],
  [
    "one of two workers is enough",
    [guard, beat("worker", null, 9e6), beat("worker", null, 0), beat("prober", "fra", 0)],
    false,
    [],
  ],
  [
    "an ordered stop counts from its end",
    [guard, beat("worker", null, 0), beat("prober", "fra", 1_000, { stoppedAt: ago(1_000) })],
    false,
    [],
  ],
  [
    "and is a stop when it lasts",
    [guard, beat("worker", null, 0), beat("prober", "fra", LIMIT + 1, { stoppedAt: ago(LIMIT + 1) })],
    false,
    ["fra"],
  ],
])("%s", (_what, beats, worker, regions) => {
  expect(silent(beats, ["fra"], NOW, LIMIT)).toMatchObject({ worker, regions });
});

test("an installation that has just started judges nothing yet", () => {
  expect(silent([beat("guard", null, 0, { startedAt: ago(LIMIT - 1) })], ["fra"], NOW, LIMIT)).toBeNull();
  expect(silent([beat("worker", null, LIMIT + 1)], ["fra"], NOW, LIMIT)).toBeNull();
  expect(silent([], ["fra"], NOW, LIMIT)).toBeNull();
});
