import { describe, expect, test } from "vitest";
import type { Reason, Status } from "./reason.ts";
import { type ShapeSlot, shapeOf, shapeSlot } from "./shape.ts";

const CITY: Record<string, string> = {
  fra: "Frankfurt",
  iad: "Washington",
  sin: "Singapore",
  gru: "São Paulo",
  syd: "Sydney",
};
const city = (region: string) => CITY[region] ?? region;
const CELLS: Record<string, [Status, Reason | null, number | null]> = {
  ".": ["up", null, 200],
  x: ["down", "connection_refused", null],
  t: ["down", "timeout", null],
  s: ["degraded", "latency_elevated", 4_000],
  l: ["up", null, 2_500],
  L: ["up", null, 900],
  "?": ["unknown", "not_checked", null],
};
/** A line per region in this order, a letter per slot. */
const slots = (...lines: string[]): ShapeSlot[] =>
  [...(lines[0] ?? "")].map((_, i) =>
    shapeSlot(Object.fromEntries(lines.map((line, r) => [Object.keys(CITY)[r], CELLS[line[i] ?? ""]]))),
  );

describe("how a failure is spread", () => {
  test.each<[string, string[], string, RegExp]>([
    ["nothing fails", ["....", "....", "...."], "none", /^$/],
    ["nobody has looked", [], "none", /^$/],
    ["nobody has an opinion", ["??", "??"], "none", /^$/],
    ["all fail", [".xx", ".xx", ".xx"], "global", /everywhere: from all 3 places/],
    ["all that can say so fail", ["..x", "..x", "..?"], "global", /from both places/],
    ["the only region fails", ["..x"], "global", /^Frankfurt is the only place/],
    ["all fail in different ways", [".x", ".t", ".s"], "global", /everywhere/],
    [
      "two of five fail",
      ["..xx", "....", "..xx", "....", "...."],
      "regional",
      /^It fails from Frankfurt and Singapore; from São Paulo, Sydney and Washington it is well/,
    ],
    ["one of three fails", ["....", "..xx", "...."], "one", /^It fails from Washington alone; .*wakes nobody/],
    ["one of two fails, the third says nothing", ["..x", "...", "..?"], "one", /Frankfurt alone; from Washington/],
    [
      "all are slow",
      ["...s", "...s", "...s"],
      "slow",
      /^It answers, but slowly, from Frankfurt, Singapore and Washington/,
    ],
    ["all take ten times as long and are not called anything yet", ["....l", "....l"], "slow", /slowly/],
    ["one region of two takes long", ["....l", "....."], "none", /^$/],
    ["it has always taken so long", ["lllll", "lllll"], "none", /^$/],
    ["it takes longer and nobody notices", ["....L", "....L"], "none", /^$/],
    ["some are slow and one is broken", ["...s", "...s", "...x"], "global", /everywhere/],
    ["failures wander", ["x...x....x", "..x...x...", "....x..x.."], "jitter", /^It comes and goes: 6 of the last 10/],
    ["one region turns again and again", ["x.x.x.x.x.", "..........", ".........."], "jitter", /from Frankfurt\.$/],
    ["it came and went, and now it stays", ["x.x.x.xxxx", ".......xxx", ".......xxx"], "global", /everywhere/],
    ["one bad minute long ago", [".x........", ".x........", ".........."], "none", /^$/],
  ])("%s", (_what, lines, shape, sentence) => {
    const found = shapeOf(slots(...lines), city);
    expect([found.shape, found.sentence]).toEqual([shape, expect.stringMatching(sentence)]);
  });

  test("what cannot be read of a stored minute is left out, and never taken for well", () => {
    expect(shapeSlot(null)).toEqual({});
    expect(shapeSlot({ fra: ["up", "__proto__", "1"], iad: "x", sin: [7] })).toEqual({
      fra: { status: "up", reason: null, latencyMs: null },
    });
  });
});
