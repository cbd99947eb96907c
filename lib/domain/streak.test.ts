import fc from "fast-check";
import { expect, test } from "vitest";
import { advance, isFlapping, type Streaks, toClear, toFire, type Vote } from "./streak.ts";

const NONE: Streaks = { bad: 0, good: 0, flips: [] };
const MINUTE = 60_000;

/** The life of an incident over a feed, by these rules alone. */
function openings(
  votes: readonly Vote[],
  n: number,
  m: number,
  everyMs = MINUTE,
): { opened: number; at: number[]; openAtEnd: boolean } {
  let streaks = NONE;
  let open = false;
  const at: number[] = [];
  for (const [i, vote] of votes.entries()) {
    streaks = advance(streaks, vote, i * everyMs);
    if (!open && vote === "bad" && streaks.bad >= toFire(streaks, n)) {
      open = true;
      at.push(i);
    } else if (open && vote === "good" && streaks.good >= toClear(streaks, m)) open = false;
  }
  return { opened: at.length, at, openAtEnd: open };
}
const one2five = fc.integer({ min: 1, max: 5 });
const repeat = (pattern: Vote[], times: number) => Array.from({ length: times }, () => pattern).flat();

test("a steady outage opens at its N-th slot and ends at the M-th good one, for every N and M", () => {
  fc.assert(
    fc.property(one2five, one2five, (n, m) => {
      const feed: Vote[] = [...repeat(["good"], 5), ...repeat(["bad"], 10), ...repeat(["good"], m)];
      expect(openings(feed, n, m)).toEqual({ opened: 1, at: [5 + n - 1], openAtEnd: false });
      expect(openings(feed.slice(0, -1), n, m).openAtEnd).toBe(true);
    }),
  );
});

test("an alternating feed opens at most one incident, for every N, M and interval, over a day", () => {
  fc.assert(
    fc.property(
      one2five,
      one2five,
      fc.constantFrom(15, 20, 30, 60, 120, 300),
      fc.boolean(),
      (n, m, intervalS, badFirst) => {
        const feed = repeat(badFirst ? ["bad", "good"] : ["good", "bad"], Math.ceil(86_400 / intervalS / 2));
        expect(openings(feed, n, m, intervalS * 1000).opened).toBeLessThanOrEqual(1);
      },
    ),
    { numRuns: 60 },
  );
});

test("an outage after two short ones within the hour waits for two slots at most where N is one, and for N elsewhere", () => {
  const before: Vote[] = [...repeat(["bad"], 5), ...repeat(["good"], 5)];
  for (const n of [1, 2, 3, 4, 5]) {
    const { at } = openings([...before, ...repeat(["bad"], 9)], n, 1);
    expect(at).toEqual([n - 1, 10 + Math.max(n, 2) - 1]);
  }
});

test("flapping takes twice as long to clear, and is forgotten after an hour of calm", () => {
  let s = repeat(["bad", "good"], 3).reduce((acc, v, i) => advance(acc, v, i * MINUTE), NONE);
  expect(isFlapping(s)).toBe(true);
  expect(toClear(s, 3)).toBe(6);
  s = advance(s, "good", 5 * MINUTE + 3_600_000);
  expect(isFlapping(s)).toBe(false);
  expect(toClear(s, 3)).toBe(3);
});

test("slots without a look change neither run, however many", () => {
  fc.assert(
    fc.property(fc.nat(50), (blind) => {
      const feed: Vote[] = ["bad", "bad", ...repeat(["none"], blind), "bad"];
      expect(openings(feed, 3, 3).opened).toBe(1);
    }),
  );
});

test("never more than twenty flips are kept", () => {
  const s = repeat(["bad", "good"], 100).reduce((acc, v, i) => advance(acc, v, i * 1000), NONE);
  expect(s.flips).toHaveLength(20);
});
