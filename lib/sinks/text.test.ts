import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cut, discordEscape, htmlEscape, isoTime, link, manyLines, oneLine, slackEscape } from "./text.ts";

const graphemes = (text: string) => [...new Intl.Segmenter("en").segment(text)].map((s) => s.segment);

describe("cutting", () => {
  it.each([
    ["short", 10, "short"],
    ["exactly ten", 11, "exactly ten"],
    ["one too many", 11, "one too ma…"],
    ["a👩‍👩‍👧‍👦b", 8, "a…"],
    ["ab🙂", 3, "ab…"],
  ])("%j to %i is %j", (text, max, want) => {
    expect(cut(text, max)).toBe(want);
  });

  it("never exceeds its length and never splits a character, escaped or not", () => {
    const escapes = [(s: string) => s, slackEscape, discordEscape, htmlEscape];
    const samples = fc.string({ unit: "grapheme", maxLength: 80 });
    fc.assert(
      fc.property(samples, fc.integer({ min: 2, max: 60 }), fc.constantFrom(...escapes), (text, max, escaped) => {
        const out = cut(text, max, escaped);
        expect(out.length).toBeLessThanOrEqual(max);
        expect(out.isWellFormed()).toBe(text.isWellFormed());
        if (out === escaped(text)) return;
        const kept = out.slice(0, -1);
        const whole = graphemes(text).map(escaped);
        const prefixes = whole.map((_, i) => whole.slice(0, i + 1).join(""));
        // Only a first character that is itself too long may be split.
        if ((prefixes[0]?.length ?? 0) <= max - 1) expect(["", ...prefixes]).toContain(kept);
      }),
    );
  });

  it("walks a bounded part of a megabyte", () => {
    const start = performance.now();
    for (let i = 0; i < 50; i++) oneLine("é".repeat(1_000_000), 200);
    expect(performance.now() - start).toBeLessThan(500);
  });
});

describe("what cannot be seen", () => {
  it.each([
    ["a\r\nb\tc", "a b c"],
    ["\u202egnp.exe\u202c", "gnp.exe"],
    ["x\u0000\u001b[31my", "x[31my"],
    ["\ud800x", "\ufffdx"],
    ["a\u{e0041}b\ufeffc", "abc"],
  ])("%j becomes %j in one line", (text, want) => {
    expect(oneLine(text, 100)).toBe(want);
  });

  it("keeps line breaks where they are wanted, two at most", () => {
    expect(manyLines("a\r\n\r\n\r\n\r\nb\u2028c", 100)).toBe("a\n\nb\nc");
  });
});

describe("links and times", () => {
  it.each(["javascript:alert(1)", "data:text/html,x", "//x", "", undefined, `https://x/${"a".repeat(3000)}`])(
    "%j is no link",
    (url) => {
      expect(link(url)).toBeUndefined();
    },
  );
  it("passes http and https", () => {
    expect(link("https://a.example/x y")).toBe("https://a.example/x%20y");
  });
  it.each([
    ["2026-11-21T12:00:00Z", "2026-11-21T12:00:00.000Z"],
    ["soon", undefined],
  ])("%j is the time %j", (text, want) => {
    expect(isoTime(text)).toBe(want);
  });
});
