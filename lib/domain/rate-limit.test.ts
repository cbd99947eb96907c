import { describe, expect, test } from "vitest";
import { waitMs, whileLimited } from "./rate-limit.ts";

const NOW = new Date("2026-11-21T12:00:00Z");
const at = (minutes: number) => new Date(NOW.getTime() + minutes * 60_000);

describe("a server that asks us to slow down", () => {
  test.each<[header: string | undefined, seconds: number]>([
    ["900", 900],
    ["0", 0],
    ["86400", 1_800],
    ["Sat, 21 Nov 2026 12:05:00 GMT", 300],
    ["Sat, 21 Nov 2026 11:00:00 GMT", 0],
    ["soon", 120],
    ["", 120],
    [undefined, 120],
  ])("is left alone as its Retry-After says, half an hour at most (%s)", (header, seconds) => {
    expect(waitMs(header, NOW)).toBe(seconds * 1_000);
  });

  test("keeps what was last known, with the time since which nothing better is known", () => {
    const known = { status: "up", evidence: "Answered in 9 ms.", lastSlot: at(-1), rateLimitedSince: null };
    expect(whileLimited(known, NOW, true)).toEqual({
      status: "up",
      evidence: "Rate limited since 12:00 UTC; last seen up at 11:59 UTC.",
      since: NOW,
    });
    const down = { status: "down", evidence: "Rate limited since …", lastSlot: at(4), rateLimitedSince: NOW };
    expect(whileLimited(down, at(5), true)).toEqual({ status: "down", evidence: down.evidence, since: NOW });
  });

  test.each([
    [true, 29, "up"],
    [true, 30, "unknown"],
    [false, 9, "up"],
    [false, 10, "unknown"],
  ])("becomes unknown in the end (says when: %s, after %i min)", (saysWhen, minutes, status) => {
    const known = { status: "up", evidence: "e", lastSlot: at(minutes - 1), rateLimitedSince: NOW };
    expect(whileLimited(known, at(minutes), saysWhen)).toMatchObject({ status, since: NOW });
  });

  test("is unknown when it never was anything else", () => {
    expect(
      whileLimited({ status: "unknown", evidence: "", lastSlot: null, rateLimitedSince: null }, NOW, true).status,
    ).toBe("unknown");
  });
});
