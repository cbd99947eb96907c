import { describe, expect, test } from "vitest";
import { type Seen, seesNothing } from "./egress.ts";

/** "f" failed on the way, "." did not; each another server, two to a host. */
const series = (text: string): Seen[] =>
  [...text].map((c, i) => ({ at: i, serverId: `s${i}`, host: `h${i >> 1}`, failed: c === "f" }));

describe("a region doubts itself", () => {
  test.each([
    // what was seen, its targets were reached before, is it offline?
    ["", false, false],
    ["ff", false, false],
    ["fff", false, true],
    ["ffff.", false, true],
    ["fff..", false, false],
    ["..........ffffffff", false, true],
    [".....fff", false, false],
    ["f", true, true],
    [".f", true, false],
    ["....f", true, false],
    ["ffff.", true, true],
    [".", true, false],
  ])("%j with targets reached before %s: %s", (text, trusted, offline) => {
    expect(seesNothing(series(text), trusted)).toBe(offline);
  });

  test("three servers of one host that fail together are that host's failure", () => {
    expect(
      seesNothing(
        series("fff").map((s) => ({ ...s, host: "one" })),
        false,
      ),
    ).toBe(false);
    expect(
      seesNothing(
        series("fff").map((s) => ({ ...s, serverId: "one" })),
        false,
      ),
    ).toBe(false);
  });
});
