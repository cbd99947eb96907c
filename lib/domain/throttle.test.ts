import { describe, expect, test } from "vitest";
import { mayTell, nextPace, OWN_PACE, type Pace, pacedIntervalS } from "./throttle.ts";

const T0 = Date.UTC(2026, 10, 21, 12);
const at = (minutes: number) => new Date(T0 + minutes * 60_000);
const kills = (...minutes: number[]) => minutes.map(at);

describe("a tenant whose checks had probers killed", () => {
  test("keeps its pace after two kills within an hour, and after three that are further apart", () => {
    expect(nextPace(OWN_PACE, kills(0, 1), at(2))).toEqual(OWN_PACE);
    expect(nextPace(OWN_PACE, kills(0, 30, 60), at(60)).factor).toBe(1);
  });

  test("is checked four times less often at the third within the hour, and sixteen times after three more", () => {
    const cut = nextPace(OWN_PACE, kills(0, 1, 2), at(2));
    expect(cut).toEqual({ factor: 4, cutAt: at(2), until: at(62), releasedAt: null });
    expect(nextPace(cut, kills(0, 1, 2, 3, 4), at(4)).factor).toBe(4);
    const more = nextPace(cut, kills(0, 1, 2, 3, 4, 5), at(5));
    expect(more).toMatchObject({ factor: 16, until: at(65) });
    expect(nextPace(more, kills(0, 1, 2, 3, 4, 5, 6, 7, 8), at(8)).factor).toBe(16);
  });

  test("has its own pace back an hour after the last kill, to the minute", () => {
    const cut = nextPace(OWN_PACE, kills(0, 1, 2), at(2));
    expect(nextPace(cut, kills(0, 1, 2), at(61)).factor).toBe(4);
    expect(nextPace(cut, [], at(62))).toMatchObject({ factor: 1, until: null });
  });

  test("waits on after one more kill, without a further cut", () => {
    const cut = nextPace(OWN_PACE, kills(0, 1, 2), at(2));
    expect(nextPace(cut, kills(0, 1, 2, 40), at(41))).toMatchObject({ factor: 4, until: at(100) });
  });

  test("released by hand, begins to count anew", () => {
    const released: Pace = { ...OWN_PACE, cutAt: at(2), releasedAt: at(10) };
    expect(nextPace(released, kills(0, 1, 2), at(10)).factor).toBe(1);
    expect(nextPace(released, kills(0, 1, 2, 11, 12), at(12)).factor).toBe(1);
    expect(nextPace(released, kills(11, 12, 13), at(13)).factor).toBe(4);
  });

  test("looked at again without anything new, stays as it is", () => {
    const cut = nextPace(OWN_PACE, kills(0, 1, 2), at(2));
    expect(nextPace(cut, kills(0, 1, 2), at(3))).toEqual(cut);
  });
});

test.each([
  [60, 1, 60],
  [60, 4, 240],
  [60, 16, 960],
  [300, 16, 3_600],
  [15, 16, 240],
])("%i s at a %i times slower pace is %i s", (intervalS, factor, paced) => {
  expect(pacedIntervalS(intervalS, factor)).toBe(paced);
});

test("is told once a UTC day", () => {
  expect(mayTell(null, at(0))).toBe(true);
  expect(mayTell(at(0), at(11 * 60 + 59))).toBe(false);
  expect(mayTell(at(0), at(12 * 60))).toBe(true);
});
