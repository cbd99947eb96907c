import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalHash, canonicalJson, excess } from "./canonical-json.ts";
import { toolSurface } from "./surface.ts";

const tool = fc.record({
  name: fc.string({ minLength: 1, maxLength: 12 }),
  description: fc.string(),
  inputSchema: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })),
  annotations: fc.record({ readOnlyHint: fc.boolean() }),
});
const tools = fc.uniqueArray(tool, { maxLength: 8, selector: (t) => t.name });

/** The same value with every object's keys in another order, through text with other white space. */
function shuffled(value: unknown, turn: number): unknown {
  if (Array.isArray(value)) return value.map((v) => shuffled(v, turn));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([k, v]) => [k, shuffled(v, turn)] as const);
  const at = entries.length === 0 ? 0 : turn % entries.length;
  return Object.fromEntries([...entries.slice(at), ...entries.slice(0, at)].reverse());
}

describe("a tool surface", () => {
  test("does not change with the order of keys, the white space or the order of tools", () => {
    fc.assert(
      fc.property(tools, fc.nat(9), (list, turn) => {
        const other = JSON.parse(JSON.stringify(shuffled(list.toReversed(), turn), null, turn % 4)) as unknown[];
        expect(toolSurface(other).surface).toEqual(toolSurface(list).surface);
      }),
    );
  });

  test.each<[what: string, change: object, contract: boolean, full: boolean]>([
    ["a description", { description: "other" }, false, true],
    ["an annotation", { annotations: { readOnlyHint: false } }, false, true],
    ["an input schema", { inputSchema: { type: "object", required: ["x"] } }, true, true],
    ["a name", { name: "b" }, true, true],
    ["execution, which differs between eras by itself", { execution: { taskSupport: "forbidden" } }, false, false],
    ["an icon", { icons: [{ src: "x" }] }, false, false],
  ])("changes its hashes as it must when %s changes", (_what, change, contract, full) => {
    const base = { name: "a", description: "d", inputSchema: { type: "object" }, annotations: { readOnlyHint: true } };
    const before = toolSurface([base]).surface;
    const after = toolSurface([{ ...base, ...change }]).surface;
    expect([after.contractHash !== before.contractHash, after.fullHash !== before.fullHash]).toEqual([contract, full]);
  });

  test.each<[what: string, list: unknown[], problem: string, index: number]>([
    ["is no object", ["x"], "not_an_object", 0],
    ["has no name", [{ inputSchema: {} }], "no_name", 0],
    ["has an empty name", [{ name: "", inputSchema: {} }], "no_name", 0],
    ["has no schema", [{ name: "a" }], "no_input_schema", 0],
    ["has an array for a schema", [{ name: "a", inputSchema: [] }], "no_input_schema", 0],
    [
      "repeats a name",
      [
        { name: "a", inputSchema: {} },
        { name: "a", inputSchema: {} },
      ],
      "duplicate_name",
      1,
    ],
    ["holds a lone surrogate", [{ name: "a", inputSchema: { "\ud800": 1 } }], "not_canonical", 0],
  ])("names a tool that %s", (_what, list, problem, index) => {
    expect(toolSurface(list).problems).toEqual([{ index, problem }]);
  });

  test("is not led astray by __proto__", () => {
    const hostile = JSON.parse('[{"name":"__proto__","inputSchema":{"__proto__":{"polluted":true}}}]') as unknown[];
    expect(toolSurface(hostile).surface.names).toEqual(["__proto__"]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(toolSurface(hostile).surface.contractHash).not.toBe(
      toolSurface([{ name: "__proto__", inputSchema: {} }]).surface.contractHash,
    );
  });
});

describe("canonical JSON", () => {
  // RFC 8785, 3.2.2 and 3.2.3.
  test.each<[string, string]>([
    [
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"literals":[null,true,false]}',
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27]}',
    ],
    [
      '{"\\u20ac":"Euro","\\r":"CR","1":"One","\\ud83d\\ude00":"Smiley","\\u0080":"Control"}',
      '{"\\r":"CR","1":"One","\u0080":"Control","\u20ac":"Euro","\ud83d\ude00":"Smiley"}',
    ],
  ])("writes %s in the one way", (from, to) => {
    expect(canonicalJson(JSON.parse(from))).toBe(to);
  });

  test.each([
    ["undefined", undefined],
    ["a number beyond JSON", JSON.parse("1e400")],
    ["half a surrogate pair", "\ud800"],
    ["a hundred levels", JSON.parse("[".repeat(100) + "]".repeat(100))],
  ])("has no form for %s", (_what, value) => {
    expect(() => canonicalHash(value)).toThrow();
  });

  test("sees excess without recursion", () => {
    expect(excess(JSON.parse("[".repeat(50_000) + "]".repeat(50_000)))).toBe("depth");
    expect(excess(Array(300_000).fill(0))).toBe("nodes");
    expect(excess({ a: [{ b: 1 }] })).toBeNull();
  });
});
