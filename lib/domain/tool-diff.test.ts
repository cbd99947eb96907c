// What counts as breaking, rule by rule: one row per kind of change, for what a caller sends and what it gets back.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { schemaDiff } from "./schema-diff.ts";
import { toolSurface } from "./surface.ts";
import { describeDiff, diffTools, digestOf, nameLikeness } from "./tool-diff.ts";
import { type KeptTool, keep } from "./tool-list.ts";
import { rewording } from "./visible.ts";

type Json = Record<string, unknown>;
const input = (properties: Json, required: string[] = [], rest: Json = {}): Json => ({
  type: "object",
  properties,
  required,
  ...rest,
});
const list = (...tools: Json[]) => keep(toolSurface(tools).tools);
const q = { type: "string" };

describe("what changes in a schema breaks a caller, or it does not", () => {
  test.each<[what: string, before: Json, after: Json, sent: string, got: string, line: RegExp]>([
    ["a parameter goes", input({ q }), input({}), "breaking", "breaking", /input\.q was removed/],
    ["a required one comes", input({}), input({ q }, ["q"]), "breaking", "safe", /added and is required/],
    ["an optional one comes", input({}), input({ q }), "safe", "safe", /added, optional/],
    ["one becomes required", input({ q }), input({ q }, ["q"]), "breaking", "safe", /became required/],
    ["one becomes optional", input({ q }, ["q"]), input({ q }), "safe", "breaking", /became optional/],
    [
      "a type changes",
      input({ q }),
      input({ q: { type: "number" } }),
      "breaking",
      "breaking",
      /was string and is number/,
    ],
    ["a type narrows", input({ q: { type: ["string", "null"] } }), input({ q }), "breaking", "safe", /null or string/],
    [
      "a type widens",
      input({ q }),
      input({ q: { type: ["string", "null"] } }),
      "safe",
      "breaking",
      /is null or string/,
    ],
    [
      "integer becomes number",
      input({ q: { type: "integer" } }),
      input({ q: { type: "number" } }),
      "safe",
      "breaking",
      /is number/,
    ],
    [
      "number becomes integer",
      input({ q: { type: "number" } }),
      input({ q: { type: "integer" } }),
      "breaking",
      "safe",
      /is integer/,
    ],
    ["a type is named first", input({ q: {} }), input({ q }), "breaking", "safe", /was anything/],
    ["a type is dropped", input({ q }), input({ q: {} }), "safe", "breaking", /is anything/],
    [
      "a value goes",
      input({ q: { enum: ["a", "b"] } }),
      input({ q: { enum: ["a"] } }),
      "breaking",
      "safe",
      /no longer takes "b"/,
    ],
    [
      "a value comes",
      input({ q: { enum: ["a"] } }),
      input({ q: { enum: ["a", "b"] } }),
      "safe",
      "breaking",
      /also takes "b"/,
    ],
    [
      "values are named first",
      input({ q }),
      input({ q: { type: "string", enum: ["a"] } }),
      "breaking",
      "safe",
      /takes only "a"/,
    ],
    [
      "values are dropped",
      input({ q: { type: "string", enum: ["a"] } }),
      input({ q }),
      "safe",
      "breaking",
      /more than "a"/,
    ],
    [
      "a constant changes",
      input({ q: { const: 1 } }),
      input({ q: { const: 2 } }),
      "breaking",
      "breaking",
      /no longer takes 1/,
    ],
    [
      "a minimum rises",
      input({ q: { minimum: 1 } }),
      input({ q: { minimum: 2 } }),
      "breaking",
      "safe",
      /minimum 2, which was 1/,
    ],
    ["a minimum falls", input({ q: { minimum: 2 } }), input({ q: { minimum: 1 } }), "safe", "breaking", /which was 2/],
    [
      "a maximum comes",
      input({ q }),
      input({ q: { type: "string", maxLength: 5 } }),
      "breaking",
      "safe",
      /now has the maxLength 5/,
    ],
    ["a maximum falls", input({ q: { maximum: 9 } }), input({ q: { maximum: 5 } }), "breaking", "safe", /maximum 5/],
    ["a maximum rises", input({ q: { maximum: 5 } }), input({ q: { maximum: 9 } }), "safe", "breaking", /maximum 9/],
    [
      "a maximum goes",
      input({ q: { maxItems: 5 } }),
      input({ q: {} }),
      "safe",
      "breaking",
      /no longer has the maxItems/,
    ],
    ["a pattern comes", input({ q }), input({ q: { type: "string", pattern: "^a" } }), "breaking", "safe", /pattern/],
    [
      "a pattern goes",
      input({ q: { pattern: "^a" } }),
      input({ q: {} }),
      "safe",
      "breaking",
      /no longer has the pattern/,
    ],
    [
      "a pattern changes",
      input({ q: { pattern: "^a" } }),
      input({ q: { pattern: "^b" } }),
      "breaking",
      "breaking",
      /pattern/,
    ],
    [
      "a format comes",
      input({ q }),
      input({ q: { type: "string", format: "uri" } }),
      "breaking",
      "safe",
      /format "uri"/,
    ],
    ["items must differ", input({ q: {} }), input({ q: { uniqueItems: true } }), "breaking", "safe", /different items/],
    [
      "a default changes",
      input({ q: { default: 1 } }),
      input({ q: { default: 2 } }),
      "safe",
      "safe",
      /default 2, which was 1/,
    ],
    [
      "others are refused",
      input({}),
      input({}, [], { additionalProperties: false }),
      "breaking",
      "safe",
      /does not name/,
    ],
    [
      "others are let in",
      input({}, [], { additionalProperties: false }),
      input({}),
      "safe",
      "breaking",
      /also takes parameters/,
    ],
    ["items narrow", input({ q: { items: {} } }), input({ q: { items: q } }), "breaking", "safe", /q\[\] was anything/],
    [
      "a part of a part goes",
      input({ o: input({ q }) }),
      input({ o: input({}) }),
      "breaking",
      "breaking",
      /input\.o\.q was removed/,
    ],
    [
      "a kind goes",
      input({ q: { anyOf: [q, { type: "null" }] } }),
      input({ q: { anyOf: [q] } }),
      "breaking",
      "safe",
      /one of its kinds/,
    ],
    [
      "a kind comes",
      input({ q: { oneOf: [q] } }),
      input({ q: { oneOf: [q, { type: "null" }] } }),
      "safe",
      "breaking",
      /further kind/,
    ],
    [
      "kinds are asked for",
      input({ q: {} }),
      input({ q: { anyOf: [q] } }),
      "breaking",
      "safe",
      /has to be one of several kinds/,
    ],
    [
      "what is not worked out changes",
      input({ q: {} }),
      input({ q: { not: q } }),
      "breaking",
      "breaking",
      /changed its not/,
    ],
    ["one is marked as deprecated", input({ q: {} }), input({ q: { deprecated: true } }), "safe", "safe", /deprecated/],
    [
      "a description changes",
      input({ q }),
      input({ q: { ...q, description: "x" } }),
      "words",
      "words",
      /q: the description is new: “x”/,
    ],
    [
      "a kind is described better",
      input({ q: { anyOf: [q] } }),
      input({ q: { anyOf: [{ ...q, title: "T" }] } }),
      "none",
      "none",
      /^$/,
    ],
    [
      "what a reference points to changes",
      input({ q: { $ref: "#/$defs/Q" } }, [], { $defs: { Q: q } }),
      input({ q: { $ref: "#/$defs/Q" } }, [], { $defs: { Q: { type: "number" } } }),
      ...(["breaking", "breaking", /was string and is number/] as const),
    ],
    [
      "a reference is written out",
      input({ q: { $ref: "#/$defs/Q" } }, [], { $defs: { Q: q } }),
      input({ q }),
      "none",
      "none",
      /^$/,
    ],
  ])("%s", (_what, before, after, sent, got, line) => {
    const worst = (side: "in" | "out") => {
      const effects = schemaDiff(before, after, side, "input").map((c) => c.effect);
      return ["breaking", "safe", "words"].find((e) => effects.includes(e as "safe")) ?? "none";
    };
    expect([worst("in"), worst("out")]).toEqual([sent, got]);
    const texts = schemaDiff(before, after, "in", "input").map((c) => c.text);
    expect(texts.length === 0 ? [""] : texts).toContainEqual(expect.stringMatching(line));
  });

  test("a schema without end, or one that branches into itself, is compared in bounded time", () => {
    const branch = (type: string) => {
      const names = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`p${i}`, { $ref: "#/$defs/T" }]));
      return { $ref: "#/$defs/T", $defs: { T: { type: "object", properties: { ...names, leaf: { type } } } } };
    };
    const started = performance.now();
    const found = schemaDiff(branch("string"), branch("number"), "in", "input");
    expect(found.some((c) => c.effect === "breaking")).toBe(true);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test("any schema is the same as itself", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), (schema) => {
        expect(schemaDiff(schema, structuredClone(schema), "in", "input")).toEqual([]);
      }),
    );
  });
});

describe("two lists of tools", () => {
  const a = { name: "search_docs", description: "Finds a page.", inputSchema: input({ q }) };
  const b = { name: "fetch", description: "Reads a page.", inputSchema: input({ id: { type: "number" } }) };
  const shapes = (before: Json[], after: Json[]) =>
    diffTools(list(...before), list(...after)).changes.map((c) => [c.shape, c.name, c.breaking]);

  test.each<[what: string, before: Json[], after: Json[], shapes: unknown[]]>([
    ["nothing", [a, b], [b, a], []],
    ["one more", [a], [a, b], [["added", "fetch", false]]],
    ["one less", [a, b], [a], [["removed", "fetch", true]]],
    ["the same under another name", [a, b], [{ ...a, name: "search_pages" }, b], [["renamed", "search_pages", true]]],
    [
      "another name, other parameters",
      [a],
      [{ ...a, name: "search_pages", inputSchema: input({ x: q }) }],
      [
        ["removed", "search_docs", true],
        ["added", "search_pages", false],
      ],
    ],
    [
      "no parameters, other words and name",
      [{ name: "ping", inputSchema: {} }],
      [{ name: "reset", inputSchema: {} }],
      [
        ["removed", "ping", true],
        ["added", "reset", false],
      ],
    ],
    [
      "no parameters, a name that is nearly the same",
      [{ name: "get_time", inputSchema: {} }],
      [{ name: "get_times", inputSchema: {} }],
      [["renamed", "get_times", true]],
    ],
    ["a description", [a], [{ ...a, description: "Finds pages." }], [["words", "search_docs", false]]],
    [
      "the words of a parameter",
      [a],
      [{ ...a, inputSchema: input({ q: { ...q, description: "what" } }) }],
      [["words", "search_docs", false]],
    ],
    [
      "a new optional parameter",
      [a],
      [{ ...a, inputSchema: input({ q, n: q }) }],
      [["signature", "search_docs", false]],
    ],
    [
      "a new required parameter",
      [a],
      [{ ...a, inputSchema: input({ q, n: q }, ["n"]) }],
      [["signature", "search_docs", true]],
    ],
    [
      "a tool that no longer only reads",
      [{ ...a, annotations: { readOnlyHint: true } }],
      [a],
      [["signature", "search_docs", true]],
    ],
    [
      "a tool that now only reads",
      [a],
      [{ ...a, annotations: { readOnlyHint: true } }],
      [["signature", "search_docs", false]],
    ],
    [
      "an output that is no longer described",
      [{ ...a, outputSchema: input({ q }) }],
      [a],
      [["signature", "search_docs", true]],
    ],
    [
      "a part of the output that goes",
      [{ ...a, outputSchema: input({ q }) }],
      [{ ...a, outputSchema: input({}) }],
      [["signature", "search_docs", true]],
    ],
  ])("differ in %s", (_what, before, after, expected) => {
    expect(shapes(before, after)).toEqual(expected);
  });

  test("a tool that was too large to be kept is compared by its hashes, and a changed schema of it counts as breaking", () => {
    const large = (n: number) => keep(toolSurface([{ ...a, inputSchema: input({ q, [`p${n}`]: q }) }]).tools, 10);
    const [change] = diffTools(large(1), large(2)).changes;
    expect(change).toMatchObject({ shape: "signature", breaking: true });
    expect(diffTools(large(1), large(1)).changes).toEqual([]);
  });

  test.each<[what: string, before: Json[], after: Json[], flagged: boolean, digest: string]>([
    ["a removal is told at once", [a, b], [a], false, "now"],
    ["an addition is told daily", [a], [a, b], false, "daily"],
    ["a harmless signature is told daily", [a], [{ ...a, inputSchema: input({ q, n: q }) }], false, "daily"],
    ["words alone are told weekly", [a], [{ ...a, description: "x" }], false, "weekly"],
    ["flagged words are told at once", [a], [{ ...a, description: "x" }], true, "now"],
  ])("%s", (_what, before, after, flagged, digest) => {
    expect(digestOf(diffTools(list(...before), list(...after)), flagged)).toBe(digest);
  });

  test("the summary names what changed, and a hostile name cannot reorder it", () => {
    const hostile = { name: "x\u202egnp.exe\u200b", inputSchema: {} };
    const said = describeDiff(diffTools(list(a, b), list(a, hostile)));
    expect(said).toBe("1 tool removed (fetch), 1 added (x⟨U+202E⟩gnp.exe⟨U+200B⟩)");
  });

  test("thousands of changes are counted in full and listed up to a bound, breaking ones first", () => {
    const many = (prefix: string, n: number) =>
      Array.from({ length: n }, (_, i) => ({ name: `${prefix}${i}`, inputSchema: input({ [`${prefix}${i}`]: q }) }));
    const diff = diffTools(list(...many("a", 900)), list(...many("b", 900)));
    expect(diff.counts).toMatchObject({ removed: 900, added: 900 });
    expect(diff.changes).toHaveLength(200);
    expect(diff.changes.every((c) => c.breaking)).toBe(true);
    expect(diff.note).toMatch(/1600 further changes/);
  });
});

test.each<[was: unknown, now: unknown, said: string]>([
  ["Finds pages.", "Finds pages, fast.", "reads “Finds pages, fast.”, where it read “Finds pages.”"],
  [undefined, "New.", "is new: “New.”"],
  ["Old.", undefined, "is gone: “Old.”"],
  [
    `${"a".repeat(500)} one ${"b".repeat(500)}`,
    `${"a".repeat(500)} two\u202e ${"b".repeat(500)}`,
    `reads “…${"a".repeat(23)} two⟨U+202E⟩ ${"b".repeat(23)}…”, where it read “…${"a".repeat(23)} one ${"b".repeat(23)}…”`,
  ],
])("a text that changed is quoted where it changed: %#", (was, now, said) => {
  expect(rewording(was, now)).toBe(said);
});

test("names are alike by the letters that need no edit", () => {
  expect([nameLikeness("abcd", "abcd"), nameLikeness("abcd", "abcx"), nameLikeness("ab", "xy")]).toEqual([1, 0.75, 0]);
});

test("a list that was made to hold up whoever compares it does not, and neither do objects in place of names", () => {
  const odd = (n: number) => ({ toString: n });
  const schemas = (x: string) => [
    { properties: { a: { enum: Array.from({ length: 20_000 }, (_, i) => `${x}${i}`) } } },
    { properties: {}, required: [odd(x.length), x] },
    { anyOf: Array.from({ length: 5_000 }, (_, i) => ({ const: `${x}${i}` })) },
  ];
  const kept = (x: string): KeptTool[] => [
    ...schemas(x).map((inputSchema, n) => ({
      ...{ name: `t${n}`, contract: x, full: x },
      tool: { name: `t${n}`, inputSchema },
    })),
    ...Array.from({ length: 200 }, (_, n) => {
      const name = `${x}${n}`.padEnd(80, x);
      return { name, contract: x, full: x, tool: { name, inputSchema: { type: "object", properties: { a: {} } } } };
    }),
  ];
  const [before, after] = [kept("x"), kept("yy")];
  const started = performance.now();
  expect(diffTools(before, after).counts.signature).toBe(3);
  expect(performance.now() - started).toBeLessThan(2_000);
});
