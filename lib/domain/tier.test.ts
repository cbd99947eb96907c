import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allows, askedRegions, TIERS } from "./tier.ts";

const ENABLED = ["fra", "iad", "nrt", "sin", "syd"];

describe("the regions that look at a server", () => {
  test.each([
    ["all of them where the tier allows as many", [], "team", ENABLED],
    ["those that were chosen", ["sin", "fra"], "team", ["fra", "sin"]],
    ["all, where every chosen one was switched off", ["lhr"], "team", ENABLED],
  ])("are %s", (_, chosen, tier, asked) => {
    expect(askedRegions("a server", chosen, ENABLED, tier)).toEqual(asked);
  });

  test("are never more than the tier allows, always enabled ones, and the same for whoever asks", () => {
    const regions = fc.uniqueArray(fc.constantFrom(...ENABLED, "lhr", "gru", "dub"), { minLength: 1 });
    fc.assert(
      fc.property(fc.uuid(), regions, regions, fc.constantFrom(...TIERS), (id, chosen, enabled, tier) => {
        const asked = askedRegions(id, chosen, enabled, tier);
        expect(asked.length).toBeGreaterThan(0);
        expect(asked.length).toBeLessThanOrEqual(allows(tier).regions);
        expect(enabled).toEqual(expect.arrayContaining(asked));
        expect(askedRegions(id, [...chosen].reverse(), [...enabled].reverse(), tier).sort()).toEqual([...asked].sort());
      }),
    );
  });

  test("stay mostly the same when one more is added, and are spread over all", () => {
    const ids = Array.from({ length: 300 }, (_, i) => `server-${i}`);
    const of = (enabled: string[]) => ids.map((id) => askedRegions(id, [], enabled, "public"));
    const [before, after] = [of(ENABLED.slice(0, 4)), of(ENABLED)];
    const moved = before.filter((regions, i) => regions.some((r) => !after[i]?.includes(r))).length;
    expect(moved / ids.length).toBeLessThan(0.5);
    for (const region of ENABLED)
      expect(after.filter((regions) => regions.includes(region)).length).toBeGreaterThan(80);
  });
});
