import { expect, test } from "vitest";
import { type Moments, PARTS, partsOf, sumParts } from "./times.ts";

const S = 1_000;
const whole: Moments = {
  ...{ firstBad: 0, opened: 120 * S, told: 121 * S, acknowledged: 300 * S },
  ...{ recovered: 600 * S, resolved: 720 * S },
};

test("each part is counted from where the one before it ended, recovery from the first bad check", () => {
  expect(partsOf(whole)).toEqual({
    ...{ detect: 120 * S, tell: S, acknowledge: 179 * S, recover: 600 * S, close: 120 * S },
  });
});

test("what was not reached has no time, and a clock that went back makes no negative one", () => {
  expect(partsOf({ ...whole, told: null, acknowledged: null, recovered: null, resolved: null })).toEqual({
    ...{ detect: 120 * S, tell: null, acknowledge: null, recover: null, close: null },
  });
  expect(partsOf({ ...whole, told: 60 * S }).tell).toBeNull();
  expect(partsOf({ ...whole, told: null }).acknowledge).toBe(180 * S);
});

test("sums are over the incidents that came to a part: mean, median and worst", () => {
  const slow = { ...whole, opened: 240 * S };
  const untold = { ...whole, opened: 180 * S, told: null, acknowledged: null, recovered: null, resolved: null };
  const [detect, , acknowledge] = sumParts([whole, slow, untold]);
  expect(detect).toEqual({ part: "detect", count: 3, meanMs: 180 * S, medianMs: 180 * S, worstMs: 240 * S });
  expect(acknowledge?.count).toBe(2);
  expect(sumParts([])).toEqual(PARTS.map((part) => ({ part, count: 0, meanMs: null, medianMs: null, worstMs: null })));
});
