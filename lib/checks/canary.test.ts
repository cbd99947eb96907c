import { describe, expect, test } from "vitest";
import { canary, canarySettings } from "../domain/extra-check/canary.ts";
import type { Step } from "../domain/transcript.ts";
import { judgeCall, refusal } from "./canary.ts";
import { judgeDead, judgeHeld } from "./session-held.ts";

const step = (message: unknown, more: Partial<Step> & { status?: number } = {}): Step => {
  const { status = 200, ...rest } = more;
  return {
    phase: "call",
    title: "call",
    startMs: 0,
    durationMs: 5,
    response: { status, headers: {}, bytes: 1, bodyHead: "" },
    message,
    ...rest,
  };
};
const result = (value: Record<string, unknown>) => step({ jsonrpc: "2.0", id: "1", result: value });
const text = (words: string, more: Record<string, unknown> = {}) =>
  result({ content: [{ type: "text", text: words }], ...more });
const error = (code: number, message = "no") => step({ jsonrpc: "2.0", id: "1", error: { code, message } });
const cause = (given: Record<string, unknown>, seen: Step, ms = 5) =>
  judgeCall(canarySettings.parse({ tool: "t", ...given }), seen, ms).cause;

describe("a test call", () => {
  const SCHEMA = '{"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}}';
  test.each<[string, Record<string, unknown>, Step, string | null]>([
    ["is fine with an answer", {}, text("hi"), null],
    ["that says isError is an application failure", {}, text("boom", { isError: true }), "canary_error"],
    ["answered with a JSON-RPC error is a protocol failure", {}, error(-32602), "canary_protocol_error"],
    ["that should be refused and is, is fine", { expectError: "on" }, text("no", { isError: true }), null],
    ["that should be refused and is not, is none", { expectError: "on" }, text("yes"), "canary_assertion"],
    ["without content is empty", {}, result({ content: [] }), "canary_empty"],
    ["with blank text is empty", {}, text("  \n"), "canary_empty"],
    ["without content is fine where that was agreed", { allowEmpty: "on" }, result({ content: [] }), null],
    ["with a picture is not empty", {}, result({ content: [{ type: "image", data: "…" }] }), null],
    ["that asks a person is none", {}, result({ resultType: "input_required" }), "canary_input_required"],
    ["without an answer in time", {}, step(undefined, { error: { code: "E_TIMEOUT", detail: "" } }), "canary_timeout"],
    [
      "cut off on the way",
      {},
      step(undefined, { error: { code: "UND_ERR_SOCKET", detail: "" } }),
      "canary_protocol_error",
    ],
    ["against a schema that only refers to itself", { schema: '{"$ref":"#"}' }, text("{}"), "canary_assertion"],
    ["that contains what was agreed", { contains: "ell" }, text("hello"), null],
    ["that does not contain it", { contains: "xyz" }, text("hello"), "canary_assertion"],
    [
      "that contains it in its structured content",
      { contains: "xyz" },
      result({ structuredContent: { a: "xyz" } }),
      null,
    ],
    ["with the value at the path", { path: "$.a[1]", equals: "2" }, text('{"a":[1,2]}'), null],
    ["with another value at the path", { path: "$.a[1]", equals: "3" }, text('{"a":[1,2]}'), "canary_assertion"],
    ["with nothing at the path", { path: "$.b" }, text('{"a":1}'), "canary_assertion"],
    [
      "with an equal object at the path, keys in any order",
      { path: "$", equals: '{"b":1,"a":2}' },
      text('{"a":2,"b":1}'),
      null,
    ],
    ["that meets the schema", { schema: SCHEMA }, text('{"n":1}'), null],
    ["that does not meet the schema", { schema: SCHEMA }, text('{"n":"1"}'), "canary_assertion"],
    [
      "whose structured content counts before its text",
      { schema: SCHEMA },
      text("{}", { structuredContent: { n: 1 } }),
      null,
    ],
    ["with a schema that is none", { schema: '{"type":"objekt"}' }, text("{}"), "canary_assertion"],
  ])("%s", (_what, given, seen, expected) => {
    expect(cause(given, seen)).toBe(expected);
  });
  test("is too slow above its limit and not at it", () => {
    expect([cause({ maxMs: "100" }, text("hi"), 100), cause({ maxMs: "100" }, text("hi"), 101)]).toEqual([
      null,
      "canary_timeout",
    ]);
  });
  test.each<[string, Step]>([
    ["a wall before the call", step(undefined, { status: 401 })],
    ["a wall in words", error(-32001, "Unauthorized: token missing")],
    ["a limit", step(undefined, { status: 429 })],
  ])("%s leaves it unknown: not green, and not the tool's failure", (_what, seen) => {
    expect(judgeCall(canarySettings.parse({ tool: "t" }), seen, 5)).toMatchObject({ status: "unknown", cause: null });
  });
  test("-32001 with another meaning is no wall", () => {
    expect(cause({}, error(-32001, "Session not found"))).toBe("canary_protocol_error");
  });
});

describe("only what reads is called", () => {
  const tool = (annotations?: object) => [{ name: "t", inputSchema: {}, ...(annotations && { annotations }) }];
  test.each<[string, unknown[], boolean, string | null]>([
    ["marked as read-only", tool({ readOnlyHint: true }), false, null],
    ["without a mark", tool(), false, "canary_not_allowed"],
    ["marked both ways", tool({ readOnlyHint: true, destructiveHint: true }), false, "canary_not_allowed"],
    ["marked with a word", tool({ readOnlyHint: "true" }), false, "canary_not_allowed"],
    ["without a mark and allowed by name", tool(), true, null],
    ["that is not listed, allowed or not", tool().map((t) => ({ ...t, name: "u" })), true, "canary_missing"],
    ["that is no object", [null, "t"], true, "canary_missing"],
  ])("%s", (_what, tools, allowed, expected) => {
    expect(refusal(tools, "t", allowed)?.cause ?? null).toBe(expected);
  });
});

test.each<[string, Record<string, unknown>, string]>([
  ["no tool", { tool: " " }, "tool"],
  ["arguments that are a list", { arguments: "[1]" }, "arguments"],
  ["arguments that are no JSON", { arguments: "{a}" }, "arguments"],
  ["arguments of 30 levels", { arguments: `{"a":${"[".repeat(30)}${"]".repeat(30)}}` }, "arguments"],
  ["a value without a path", { equals: "1" }, "path"],
  ["a path with two descents", { path: "$..a..b" }, "path"],
  ["a path with a regular expression", { path: "$[?search(@.a, '(a+)+$')]" }, "path"],
  ["a schema with a pattern", { schema: '{"items":{"pattern":"(a+)+$"}}' }, "schema"],
  ["a schema from elsewhere", { schema: '{"$ref":"https://x.example/s"}' }, "schema"],
  ["a schema that answers later", { schema: '{"properties":{"a":{"$async":true}}}' }, "schema"],
  ["a field that nobody knows", { shell: "rm" }, ""],
])("%s is refused when it is saved", (_what, given, field) => {
  const issues = canary.settings.safeParse({ tool: "t", ...given }).error?.issues ?? [];
  expect(issues.map((i) => i.path.join("."))).toContain(field);
});

test("a form's values are taken again as they are", () => {
  const settings = canary.settings.parse({ tool: "t", maxMs: "100", expectError: "on", path: "$.a" });
  expect(canary.settings.parse(canary.values(settings))).toEqual(settings);
});

describe("a session", () => {
  test.each<[string, Step, string, string | null]>([
    ["that still answers is held", result({}), "up", null],
    ["that answers 404 was forgotten", step(undefined, { status: 404 }), "degraded", "session_not_held"],
    ["whose server has no such method is held", error(-32601), "up", null],
    ["behind a wall was not asked", step(undefined, { status: 401 }), "unknown", null],
    ["answered with a fault was not held", error(-32603), "degraded", "session_not_held"],
  ])("%s", (_what, seen, status, expected) => {
    expect(judgeHeld(seen, 120)).toMatchObject({ status, cause: expected });
  });
  test("that is dead must be refused", () => {
    expect(judgeDead(result({})).cause).toBe("session_not_checked");
    for (const status of [400, 404, 500]) expect(judgeDead(step(undefined, { status })).cause).toBeNull();
    expect(judgeDead(error(-32000)).cause).toBeNull();
  });
});
