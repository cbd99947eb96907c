import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextTryAt, RETRY_HORIZON_MS } from "./delivery.ts";

const created = new Date("2026-11-21T12:00:00Z");
const wait = (tries: number, random: number, retryAfterS?: number) =>
  (nextTryAt(created, created, tries, random, retryAfterS)?.getTime() ?? Number.NaN) - created.getTime();

describe("when a delivery is tried again", () => {
  test.each([
    [1, 5_000],
    [2, 10_000],
    [5, 80_000],
    [12, 3_600_000],
    [500, 3_600_000],
  ])("after try %i the jitter spans up to %i ms", (tries, ceiling) => {
    expect(wait(tries, 0.999999)).toBeLessThanOrEqual(ceiling);
    expect(wait(tries, 0.999999)).toBeGreaterThan(ceiling * 0.99);
    expect(wait(tries, 0)).toBe(250);
  });

  test("never before the vendor asked for", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.integer({ min: 1, max: 7200 }),
        (tries, random, asked) => wait(tries, random, asked) >= asked * 1000,
      ),
    );
  });

  test("a vendor cannot push a page out of the day by asking for a week", () => {
    expect(wait(1, 0.5, 7 * 86_400)).toBe(4 * 3_600_000);
  });

  test.each([
    [RETRY_HORIZON_MS - 1, true],
    [RETRY_HORIZON_MS, false],
  ])("%i ms after it was decided there is another try: %s", (age, again) => {
    expect(nextTryAt(new Date(created.getTime() + age), created, 30, 0.5) !== null).toBe(again);
  });
});
