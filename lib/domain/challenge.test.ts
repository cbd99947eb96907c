import { describe, expect, test } from "vitest";
import { bearerOf, isFilled, parseChallenges } from "./challenge.ts";

const plain = (header: string) => parseChallenges(header).map((c) => [c.scheme, { ...c.params }]);

describe("WWW-Authenticate", () => {
  test.each<[what: string, header: string, parsed: unknown]>([
    ["nothing", "", []],
    ["a bare scheme", "Bearer", [["bearer", {}]]],
    ["a quoted parameter", 'Bearer realm="a, b"', [["bearer", { realm: "a, b" }]]],
    ["a parameter without quotes", "Bearer error=invalid_token", [["bearer", { error: "invalid_token" }]]],
    ["an escaped quote", 'Bearer realm="a \\"b\\""', [["bearer", { realm: 'a "b"' }]]],
    ["white space around the sign", 'Bearer scope = "x y"', [["bearer", { scope: "x y" }]]],
    [
      "several in one header",
      'Basic realm="x", Bearer error="e", resource_metadata="https://a.example/x"',
      [
        ["basic", { realm: "x" }],
        ["bearer", { error: "e", resource_metadata: "https://a.example/x" }],
      ],
    ],
    [
      "a token68 between two",
      "Negotiate YII==, Bearer a=b",
      [
        ["negotiate", {}],
        ["bearer", { a: "b" }],
      ],
    ],
    ["a name that came before", 'Bearer a="1", a="2"', [["bearer", { a: "1" }]]],
    ["a name of every object", 'Bearer __proto__="1"', [["bearer", { ["__proto__"]: "1" }]]],
    ["a parameter without a scheme", 'realm="x"', []],
    ["a quote that never ends", 'Bearer realm="x', [["bearer", {}]]],
  ])("%s", (_what, header, parsed) => {
    expect(JSON.stringify(plain(header))).toBe(JSON.stringify(parsed));
  });

  test("a hostile header of a megabyte costs next to nothing", () => {
    const before = performance.now();
    for (const piece of ['"', "a=", "\\", ", ", 'a="\\', "=", "Bearer "]) parseChallenges(piece.repeat(200_000));
    expect(performance.now() - before).toBeLessThan(500);
    expect(parseChallenges("A, ".repeat(500))).toHaveLength(10);
  });

  test("is filled when one of its schemes has a parameter", () => {
    expect(isFilled(parseChallenges("Basic, Bearer"))).toBe(false);
    expect(isFilled(parseChallenges('Basic, Bearer realm="x"'))).toBe(true);
  });

  test("names the metadata wherever among the challenges it stands", () => {
    const header =
      'Basic realm="x", Bearer scope="mcp:tools", Bearer resource_metadata="https://a.example/p", error="invalid_token"';
    expect(bearerOf(parseChallenges(header))).toEqual({
      metadata: "https://a.example/p",
      scope: "mcp:tools",
      error: "invalid_token",
    });
  });
});
