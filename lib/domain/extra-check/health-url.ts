// A health address beside the MCP endpoint, or a family of the protocol that is asked in the conversation itself.
import { z } from "zod";
import { serverUrlSchema } from "../server.ts";
import { isRecord } from "../surface.ts";
import { FAMILIES, FAMILY_NAMES, family, type HealthRule } from "./families.ts";
import { type CheckKind, jsonText, parsed, wholeOrNone } from "./form.ts";
import { jsonPathSchema } from "./json-path.ts";

const value = z.union([z.string().max(200), z.number(), z.boolean(), z.null()]);
const path = jsonPathSchema.refine((p) => p !== "", "Each rule names a path.");
const ruleSchema: z.ZodType<HealthRule> = z.strictObject({
  path,
  above: z.number().exactOptional(),
  below: z.number().exactOptional(),
  aboveTimes: z.strictObject({ times: z.number().positive(), path }).exactOptional(),
  in: z.array(value).max(20).exactOptional(),
  notIn: z.array(value).max(20).exactOptional(),
  empty: z.literal(true).exactOptional(),
  present: z.literal(true).exactOptional(),
  olderThanS: z.number().positive().exactOptional(),
  optional: z.literal(true).exactOptional(),
});
const rulesSchema = z.array(ruleSchema).max(20);

function unfitRules(given: unknown): string | null {
  const result = rulesSchema.safeParse(given);
  if (result.success) return null;
  const issue = result.error.issues[0];
  const at = issue?.path.join(".") ?? "";
  return `The rules are a list like [{"path": "$.waiting", "above": 0}]${at === "" ? "" : `; look at ${at}`}: ${issue?.message ?? ""}`;
}

const STATUS_LIST = /^(\d{3})(\s*,\s*\d{3}){0,9}$/;

export const healthSettings = z
  .strictObject({
    family: z.enum(FAMILY_NAMES, { error: "Choose what is looked at." }),
    url: z.union([z.literal(""), serverUrlSchema]).default(""),
    /** JSON; "" takes the family's own. */
    rules: jsonText(8_000, "The rules", unfitRules),
    /** "200, 204"; "" is any 2xx. */
    statuses: z
      .string()
      .trim()
      .refine((s) => s === "" || STATUS_LIST.test(s), "Give statuses like 200, 204, or none for any 2xx.")
      .default(""),
    contains: z.string().max(500, "Look for at most 500 characters.").default(""),
    maxMs: wholeOrNone(10, 30_000, "Give a limit between 10 and 30,000 ms, or none for the family's own."),
    /** Completions only: what is completed. */
    prompt: z.string().trim().max(128).default(""),
    argument: z.string().trim().max(128).default(""),
  })
  .superRefine((s, ctx) => {
    const say = (field: string, message: string) => ctx.addIssue({ code: "custom", path: [field], message });
    const { via } = family(s.family);
    if (via === "http" && s.url === "") say("url", "Enter the address that is asked.");
    if (via === "mcp" && s.url !== "")
      say("url", "This is asked in the MCP conversation itself: leave the address empty.");
    if (s.family === "completions" && s.prompt === "") say("prompt", "Name the prompt that is completed.");
    if (s.family === "completions" && s.argument === "") say("argument", "Name the argument that is completed.");
  });
export type HealthSettings = z.infer<typeof healthSettings>;

export function rulesOf(s: HealthSettings): readonly HealthRule[] {
  const own = s.rules === "" ? undefined : rulesSchema.safeParse(parsed(s.rules));
  if (own?.success) return own.data;
  const f = family(s.family);
  return f.via === "http" ? f.rules : [];
}

export function limitMs(s: HealthSettings): number {
  const f = family(s.family);
  return s.maxMs ?? (f.via === "http" ? f.maxMs : f.boundMs);
}

export const statusFits = (s: HealthSettings, status: number): boolean =>
  s.statuses === "" ? status >= 200 && status < 300 : s.statuses.split(",").some((one) => Number(one) === status);

export const bodyIsObject = isRecord;

export const healthUrl: CheckKind<HealthSettings> = {
  name: "Health address",
  summary: "Reads a health address, its status and its body, or one part of the protocol that tool calls do not touch.",
  settings: healthSettings,
  values: (s) => ({ ...s, maxMs: s.maxMs === null ? "" : String(s.maxMs) }),
  fields: [
    {
      name: "family",
      label: "What is looked at",
      help: "Each family brings its own rules and limit; docs/presets.md lists them.",
      input: "select",
      required: true,
      options: FAMILY_NAMES.map((name) => ({
        value: name,
        label: `${FAMILIES[name].label}: red when ${FAMILIES[name].red}`,
      })),
    },
    {
      name: "url",
      label: "Address",
      help: "Asked with GET, without following redirects. The server's credential goes along on the server's own origin only.",
      input: "url",
      required: false,
      placeholder: "https://mcp.example.com/health",
    },
    {
      name: "rules",
      label: "Rules of your own",
      help: 'JSON, instead of the family\'s: [{"path": "$.waiting", "above": 0}]. Also below, in, notIn, empty, present, olderThanS, aboveTimes, optional.',
      input: "textarea",
      required: false,
    },
    {
      name: "statuses",
      label: "Good statuses",
      help: "Empty: any 2xx.",
      input: "text",
      required: false,
      placeholder: "200, 204",
    },
    { name: "contains", label: "The body contains", help: "Plain text.", input: "text", required: false },
    {
      name: "maxMs",
      label: "At most, in ms",
      help: "Empty: the family's own limit.",
      input: "number",
      required: false,
    },
    { name: "prompt", label: "Prompt", help: "For completions: which prompt.", input: "text", required: false },
    {
      name: "argument",
      label: "Argument",
      help: "For completions: which argument of it.",
      input: "text",
      required: false,
    },
  ],
};
