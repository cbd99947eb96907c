import { describe, expect, test } from "vitest";
import { errorRate, isSlow, type Period, periodMs, slowAbove, windowMs, type WindowSlot } from "./baseline.ts";

const ripe = { samples: 2_000, hours: 168, p95Ms: 200 };
const p = (p95Ms: number | null, looks = 5): Period => ({ looks, p95Ms });

describe("slow is over three times the usual p95 for three periods", () => {
  test.each<[string, Period[], boolean, boolean]>([
    ["three slow periods", [p(601), p(601), p(601)], false, true],
    ["at the limit, not over it", [p(600), p(601), p(601)], false, false],
    ["two slow periods", [p(601), p(601), p(300)], false, false],
    ["two periods of history", [p(601), p(601)], false, false],
    ["a period of two looks", [p(601, 2), p(601), p(601)], false, false],
    ["still slow", [p(601), p(100), p(100)], true, true],
    ["fine again", [p(300), p(900), p(900)], true, false],
    ["slow, and too few looks since to say otherwise", [p(10, 1), p(900), p(900)], true, true],
    ["periods without an answer", [p(null, 0), p(null, 0), p(null, 0)], false, false],
  ])("%s", (_what, periods, was, slow) => {
    expect(isSlow(slowAbove(ripe), periods, was)).toBe(slow);
  });
  test.each([
    ["no history", null, null],
    ["less than a day of it", { ...ripe, hours: 12 }, null],
    ["few looks", { ...ripe, samples: 150 }, null],
    ["next to nothing", { ...ripe, p95Ms: 3 }, 250],
    ["a usual p95", ripe, 600],
  ] as const)("with %s the limit is %o → %s", (_what, baseline, limit) => {
    expect(slowAbove(baseline)).toBe(limit);
  });
  test("a period is five minutes, or three looks where these take longer", () => {
    expect([periodMs(15), periodMs(60), periodMs(300)]).toEqual([300_000, 300_000, 900_000]);
    expect([windowMs(60), windowMs(300)]).toEqual([300_000, 1_500_000]);
  });
});

/** One letter per region and slot: u up, t timeout, s server error, d degraded canary, ? unknown. */
function slots(...lines: string[]): WindowSlot[] {
  const cell = {
    u: { status: "up", reason: null },
    t: { status: "down", reason: "timeout" },
    s: { status: "down", reason: "http_server_error" },
    d: { status: "degraded", reason: "canary_failed" },
    "?": { status: "unknown", reason: null },
  } as const;
  return lines.map((line, i) => ({
    slot: i * 60_000,
    cells: [...line].map((c, r) => ({ region: `r${r}`, ...cell[c as keyof typeof cell] })),
  }));
}

test.each<[string, WindowSlot[], string | null]>([
  ["nothing fails", slots("uuu", "uuu", "uuu", "uuu", "uuu"), null],
  ["an alternating feed", slots("ttt", "uuu", "ttt", "uuu", "ttt"), "transport"],
  ["a blip of two minutes", slots("uuu", "ttt", "ttt", "uuu", "uuu"), null],
  ["one region alone", slots("tuu", "tuu", "tuu", "tuu", "tuu"), null],
  ["two regions now and then", slots("tuu", "uuu", "utu", "uuu", "tuu"), "transport"],
  ["two failures of fifteen", slots("tuu", "uuu", "uuu", "uuu", "utu"), null],
  ["failures of different layers, none of them often", slots("tuu", "uuu", "usu", "uuu", "duu"), null],
  ["the layer that fails most", slots("tsu", "sut", "sus", "tuu", "sut"), "http"],
  ["too few probes", slots("t", "u", "t", "u", "t"), null],
  ["unknown is no probe", slots("t??", "u??", "t??", "u??", "t??"), null],
  ["a single region of many looks", slots(..."tuuuuutuuuuut"), "transport"],
])("%s", (_what, given, layer) => {
  expect(errorRate(given)?.layer ?? null).toBe(layer);
});

test("five in a hundred is elevated and four is not", () => {
  const line = (bad: number) =>
    slots(
      ...Array.from({ length: 50 }, (_, i) => (i % 10 === 0 && i / 10 < bad ? (i % 20 === 0 ? "tu" : "ut") : "uu")),
    );
  expect([errorRate(line(5))?.failed, errorRate(line(4))]).toEqual([5, null]);
});
