import { describe, expect, test } from "vitest";
import {
  choose,
  covers,
  globMatches,
  type Matchable,
  type Matcher,
  matches,
  matchersSchema,
  neverMatches,
} from "./matcher.ts";

const SERVER = "00000000-0000-4000-8000-000000000001";
const of = (given: Partial<Matchable> = {}): Matchable => ({
  ...{ severity: "P1", reason: "timeout", kind: "server", serverId: SERVER, name: "Search EU", weight: "own" },
  ...{ labels: { team: "search" }, ...given },
});
const is = (...m: Matcher[]) => m;

test.each<[Matcher, Partial<Matchable>, Partial<Matchable>]>([
  [{ on: "severity", is: ["P1", "P2"] }, { severity: "P2" }, { severity: "P3" }],
  [{ on: "reason", is: ["timeout"] }, {}, { reason: "dns_failure" }],
  [{ on: "layer", is: ["tools"] }, { reason: "schema_drift" }, {}],
  [{ on: "kind", is: ["alert", "storm"] }, { kind: "storm" }, {}],
  [{ on: "server", is: [SERVER] }, {}, { serverId: null }],
  [{ on: "name", is: "search*" }, {}, { name: "Mail search" }],
  [{ on: "weight", is: ["third_party"] }, { weight: "third_party" }, {}],
  [{ on: "label", name: "team", op: "=", value: "search" }, {}, { labels: {} }],
  [{ on: "label", name: "team", op: "!=", value: "search" }, { labels: {} }, {}],
  [{ on: "label", name: "team", op: "~", value: "s*h" }, {}, { labels: { team: "mail" } }],
  [{ on: "label", name: "constructor", op: "!=", value: "" }, { labels: JSON.parse('{"constructor":"x"}') }, {}],
])("%j takes %j and not %j", (m, yes, no) => {
  expect(matchersSchema.safeParse([m]).success).toBe(true);
  expect([matches([m], of(yes)), matches([m], of(no))]).toEqual([true, false]);
});

test("all have to hold, none takes everything, and of several policies the first that matches holds", () => {
  const [both, one] = [
    { matchers: is({ on: "severity", is: ["P1"] }, { on: "weight", is: ["third_party"] }) },
    { matchers: is({ on: "severity", is: ["P1"] }) },
  ];
  const rest = { matchers: [] };
  expect(choose([both, one, rest], of())).toBe(one);
  expect(choose([both, one, rest], of({ weight: "third_party" }))).toBe(both);
  expect(choose([both, one, rest], of({ severity: "P4" }))).toBe(rest);
});

test.each<[string, string, boolean]>([
  ["*", "", true],
  ["a*b*c", "aXbXbc", true],
  ["a*b*c", "acb", false],
  ["ab*ba", "aba", false],
  ["*prod*", "eu-PROD-1", true],
  [".*", "anything", false],
  ["a", "ab", false],
])("the pattern %s on %s: %s", (pattern, value, good) => {
  expect(globMatches(pattern, value)).toBe(good);
});

test("a pattern of many stars on a long name takes no time", () => {
  const start = performance.now();
  globMatches("*a".repeat(100), `${"a".repeat(5_000)}b`);
  expect(performance.now() - start).toBeLessThan(100);
});

describe("a policy that no incident can meet is found", () => {
  test.each<[Matcher[], RegExp | null]>([
    [is({ on: "severity", is: ["P1"] }, { on: "severity", is: ["P2"] }), /two different things of the severity/],
    [is({ on: "severity", is: ["P4"] }), /told to nobody/],
    [is({ on: "reason", is: ["timeout"] }, { on: "layer", is: ["tools"] }), /none of its reasons/],
    [is({ on: "server", is: ["00000000-0000-4000-8000-000000000009"] }), /were removed/],
    [is({ on: "server", is: [SERVER] }, { on: "kind", is: ["storm"] }), /no server/],
    [
      is({ on: "label", name: "a", op: "=", value: "1" }, { on: "label", name: "a", op: "=", value: "2" }),
      /two values/,
    ],
    [
      is({ on: "label", name: "a", op: "=", value: "1" }, { on: "label", name: "a", op: "!=", value: "1" }),
      /another than/,
    ],
    [is({ on: "server", is: [SERVER] }, { on: "severity", is: ["P1", "P4"] }), null],
    [[], null],
  ])("%j", (matchers, words) => {
    const said = neverMatches(matchers, new Set([SERVER]));
    if (words === null) expect(said).toBeNull();
    else expect(said).toMatch(words);
  });
});

test("one policy covers another only where everything of the other is its own", () => {
  const p1 = is({ on: "severity", is: ["P1"] });
  const urgent = is({ on: "severity", is: ["P1", "P2"] });
  expect([covers([], p1), covers(p1, []), covers(urgent, p1), covers(p1, urgent)]).toEqual([true, false, true, false]);
  expect(covers(is({ on: "name", is: "eu-*" }), is({ on: "name", is: "eu-1" }))).toBe(true);
  expect(covers(is({ on: "name", is: "eu-*" }), is({ on: "name", is: "*" }))).toBe(false);
  expect(covers(is({ on: "name", is: "*" }), [])).toBe(true);
});

test.each<[string, unknown]>([
  ["what nobody knows", [{ on: "colour", is: ["red"] }]],
  ["no value", [{ on: "severity", is: [] }]],
  ["a reason that is none", [{ on: "reason", is: ["bored"] }]],
  ["a prototype's key", [JSON.parse('{"on":"severity","is":["P1"],"__proto__":{}}')]],
  ["twenty-one", Array.from({ length: 21 }, () => ({ on: "severity", is: ["P1"] }))],
])("matchers are refused: %s", (_what, matchers) => {
  expect(matchersSchema.safeParse(matchers).success).toBe(false);
});
