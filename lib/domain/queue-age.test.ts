import { expect, test } from "vitest";
import { type AgeWindow, fallsBehind, percentile, ratePerMinute } from "./queue-age.ts";

const T0 = Date.UTC(2026, 10, 21, 12);
/** Seconds of wait, a minute apart, the last one now. */
const series = (...seconds: number[]): AgeWindow[] =>
  seconds.map((s, i) => ({ at: T0 - (seconds.length - 1 - i) * 60_000, p95Ms: s * 1_000, n: 10 }));
const repeat = (n: number, ...part: number[]) => Array.from({ length: n }, () => part).flat();

test.each<[name: string, windows: AgeWindow[], behind: boolean]>([
  ["no wait at all", series(...repeat(20, 0)), false],
  ["a long wait that stays as it is, however long", series(...repeat(20, 45)), false],
  ["growing by 5 s a minute, for five minutes", series(0, 0, 0, 5, 10, 15, 20), true],
  ["the same on top of a long wait", series(...repeat(10, 40), 45, 50, 55, 60), true],
  ["growing for four minutes only", series(20, 20, 20, 5, 10, 15, 20), false],
  ["growing slower than 3 s a minute", series(0, 1, 2, 3, 4, 5, 6, 7), false],
  ["growing with one minute of relief", series(0, 6, 12, 11, 18, 24), false],
  ["up and down with every minute", series(...repeat(10, 2, 20)), false],
  ["a saw of six minutes that has been as high before", series(...repeat(3, 0, 5, 10, 15, 20, 25)), false],
  ["the same saw growing beyond what it was", series(...repeat(2, 0, 5, 10, 15, 20, 25), 4, 10, 20, 30, 40), true],
  ["one minute far out", series(1, 1, 1, 60, 1, 1, 1), false],
  ["drained after it grew", series(10, 20, 30, 40, 50, 12, 3), false],
  ["a start with too few minutes to say", series(0, 10, 20), false],
  ["nothing measured", [], false],
  [
    "the last minute measured eleven minutes ago",
    series(0, 10, 20, 30, 40).map((w) => ({ ...w, at: w.at - 660_000 })),
    false,
  ],
  [
    "minutes in which nothing started left out",
    series(0, 5, 10, 15, 20).flatMap((w) => [w, { at: w.at + 1, p95Ms: 0, n: 0 }]),
    true,
  ],
])("a queue with %s", (_, windows, behind) => {
  expect(fallsBehind(windows, false, T0)).toBe(behind);
});

test.each<[name: string, windows: AgeWindow[], still: boolean]>([
  ["still growing", series(30, 40, 50), true],
  ["stays where it is for three minutes", series(30, 50, 50, 50), false],
  ["falls", series(60, 50, 40), false],
  ["fell once and grows again", series(50, 40, 60), true],
  ["says nothing any more", series(50, 60).map((w) => ({ ...w, at: w.at - 700_000 })), false],
])("once said, a queue that %s", (_, windows, still) => {
  expect(fallsBehind(windows, true, T0)).toBe(still);
});

test("the percentile is a value that was seen, and the rate is per minute", () => {
  expect(percentile([5, 1, 3], 50)).toBe(3);
  expect(
    percentile(
      Array.from({ length: 100 }, (_, i) => i + 1),
      95,
    ),
  ).toBe(95);
  expect(percentile([], 95)).toBe(0);
  expect(ratePerMinute(series(0, 10, 30))).toBe(15_000);
});
