// An agreed test call: a tool with known arguments, and what its answer must be.
import { z } from "zod";
import { isRecord } from "../surface.ts";
import { type CheckKind, jsonText, parsed, ticked, wholeOrNone } from "./form.ts";
import { jsonPathSchema } from "./json-path.ts";

/**
 * A pattern may keep whoever tries it busy for ever, a reference would have to be fetched, and what answers later would
 * be taken for a yes.
 */
const BARRED = new Set(["pattern", "patternProperties", "$dynamicRef", "$recursiveRef", "format", "$async"]);

function unfitSchema(value: unknown): string | null {
  if (!isRecord(value)) return "A JSON schema is an object.";
  const barred = (v: unknown): string | null => {
    if (Array.isArray(v)) return first(v);
    if (!isRecord(v)) return null;
    for (const [key, inner] of Object.entries(v)) {
      if (BARRED.has(key)) return `Leave ${key} out of the schema.`;
      if (key === "$ref" && !(typeof inner === "string" && inner.startsWith("#")))
        return "A $ref may point inside this schema only: it begins with #.";
    }
    return first(Object.values(v));
  };
  const first = (all: unknown[]) => all.reduce<string | null>((found, v) => found ?? barred(v), null);
  return barred(value);
}

export const canarySettings = z
  .strictObject({
    tool: z
      .string()
      .trim()
      .min(1, "Name the tool that is called.")
      .max(128, "A tool's name has at most 128 characters."),
    arguments: jsonText(8_000, "The arguments", (v) => (isRecord(v) ? null : "The arguments are one JSON object.")),
    /** "" where none is looked for. */
    contains: z.string().max(500, "Look for at most 500 characters.").default(""),
    path: jsonPathSchema,
    /** JSON that the path must give; "" asks only that it gives something. */
    equals: jsonText(2_000, "The expected value"),
    schema: jsonText(16_000, "The schema", unfitSchema),
    maxMs: wholeOrNone(10, 15_000, "Give a limit between 10 and 15,000 ms, or none."),
    /** The answer must be an error of the tool: for calls that have to be refused. */
    expectError: ticked,
    allowEmpty: ticked,
    /** The one call that the walk with a credential makes. */
    healthTool: ticked,
  })
  .superRefine((s, ctx) => {
    if (s.equals !== "" && s.path === "")
      ctx.addIssue({ code: "custom", path: ["path"], message: "Say at which path that value is expected." });
  });
export type CanarySettings = z.infer<typeof canarySettings>;

export const argumentsOf = (s: CanarySettings): Record<string, unknown> => {
  const value = parsed(s.arguments);
  return isRecord(value) ? value : {};
};

export const canary: CheckKind<CanarySettings> = {
  name: "Test call",
  summary: "Calls one read-only tool with known arguments and compares what comes back.",
  settings: canarySettings,
  values: (s) => ({
    ...s,
    maxMs: s.maxMs === null ? "" : String(s.maxMs),
    expectError: s.expectError ? "on" : "",
    allowEmpty: s.allowEmpty ? "on" : "",
    healthTool: s.healthTool ? "on" : "",
  }),
  fields: [
    {
      name: "tool",
      label: "Tool",
      help: "Called for real, so only a tool that the server marks as read-only, or that you allow below.",
      input: "text",
      required: true,
      placeholder: "echo",
    },
    {
      name: "arguments",
      label: "Arguments",
      help: "One JSON object. Everybody who may see this server sees it: put no secret in it.",
      input: "textarea",
      required: false,
      placeholder: '{"message": "hi"}',
    },
    {
      name: "contains",
      label: "The answer contains",
      help: "Anywhere in its texts or its structured content.",
      input: "text",
      required: false,
    },
    {
      name: "path",
      label: "JSON path",
      help: "RFC 9535, on the structured content, else on the first text if that is JSON, else on the whole result.",
      input: "text",
      required: false,
      placeholder: "$.items[0].id",
    },
    {
      name: "equals",
      label: "Value at the path",
      help: "JSON. Empty: anything may stand there, nothing may not.",
      input: "text",
      required: false,
      placeholder: '"ok"',
    },
    {
      name: "schema",
      label: "JSON schema",
      help: "Draft 2020-12, on the same value as the path. Without pattern, format and references to elsewhere.",
      input: "textarea",
      required: false,
    },
    {
      name: "maxMs",
      label: "At most, in ms",
      help: "Longer is a failure. Without a limit only no answer within 15 s is one.",
      input: "number",
      required: false,
    },
    {
      name: "expectError",
      label: "The tool must answer with an error",
      help: "For a call that has to be refused.",
      input: "check",
      required: false,
    },
    {
      name: "allowEmpty",
      label: "An empty answer is fine",
      help: "Otherwise an answer without content is a failure.",
      input: "check",
      required: false,
    },
    {
      name: "healthTool",
      label: "The health tool of this server",
      help: "The one call that a check with a credential makes; one per server.",
      input: "check",
      required: false,
    },
  ],
};
