// A sink's own title: a Liquid template of a tenant, so hostile. It sees a dozen named words and nothing behind them,
// knows a handful of filters and three tags, and is small and quick or refused. PURE.
import { Liquid, type Template } from "liquidjs";
import { z } from "zod";
import type { NoticeContent, NoticeKind } from "./notice.ts";
import { cleanText } from "./text.ts";

export const TEMPLATE_CHARS = 4_096;
/** Milliseconds and allocations that one rendering may take. Without loops none takes one; a machine that stands still may. */
const LIMITS = { renderLimit: 1_000, memoryLimit: 20_000 } as const;
const FILTERS = ["upcase", "downcase", "capitalize", "truncate", "default", "strip"];
const TAGS = ["if", "unless", "case"];
const TITLE_CHARS = 200;

/** What a template may name, with what it says of a notice. */
const WORDS: Record<string, (c: NoticeContent, kind: NoticeKind) => string | number> = {
  kind: (_c, kind) => kind,
  server: (c) => c.serverName,
  tenant: (c) => c.tenantName,
  severity: (c) => c.severity,
  status: (c) => c.status,
  reason: (c) => c.reasonLabel,
  reason_name: (c) => c.reason,
  regions: (c) => c.regions.filter((r) => r.status !== "up").length,
  started_at: (c) => c.startedAt,
  by: (c) => c.by ?? "",
  duration_s: (c) => c.durationS ?? 0,
  title: (c) => c.title,
};
export const TEMPLATE_WORDS = Object.keys(WORDS);

function engine(): Liquid {
  const none = { readFileSync: () => "", existsSync: () => false };
  const made = new Liquid({
    ...{ strictFilters: true, strictVariables: true, ownPropertyOnly: true, parseLimit: TEMPLATE_CHARS, ...LIMITS },
    relativeReference: false,
    // There is no file to include; the tags that would are taken out as well.
    fs: {
      ...none,
      readFile: async () => "",
      exists: async () => false,
      resolve: (_dir, file) => file,
      contains: async () => false,
      containsSync: () => false,
    },
  });
  for (const tag of Object.keys(made.tags)) if (!TAGS.includes(tag)) delete made.tags[tag];
  for (const filter of Object.keys(made.filters)) if (!FILTERS.includes(filter)) delete made.filters[filter];
  return made;
}
const liquid = engine();

const SAMPLE: NoticeContent = {
  ...{ title: "Search: No answer in time", serverName: "Search", serverUrl: "https://mcp.example.com/mcp" },
  ...{ tenantName: "Acme", severity: "P1", status: "down", reason: "timeout", reasonLabel: "No answer in time" },
  ...{ advice: "", evidence: "", regions: [], startedAt: "2026-11-21T12:00:00.000Z", at: "2026-11-21T12:03:00.000Z" },
  ...{ incidentUrl: "https://tocsin.example.com/incidents/1", drill: false },
};

const parsed = new Map<string, Template[]>();
function parse(text: string): Template[] {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const made = liquid.parse(text);
  if (parsed.size >= 500) parsed.clear();
  parsed.set(text, made);
  return made;
}

/** @throws what Liquid throws: a limit reached, a name that is none */
export function renderTitle(text: string, content: NoticeContent, kind: NoticeKind): string {
  const scope = Object.fromEntries(Object.entries(WORDS).map(([name, of]) => [name, of(content, kind)]));
  return cleanText(String(liquid.renderSync(parse(text), scope)), TITLE_CHARS);
}

/** @returns what is wrong with it, as a sentence for whoever wrote it; null when nothing is */
export function templateFault(text: string): string | null {
  if (text.length > TEMPLATE_CHARS) return `A title template has at most ${TEMPLATE_CHARS} characters.`;
  try {
    const unknown = liquid.globalVariablesSync(parse(text)).find((name) => !Object.hasOwn(WORDS, name));
    if (unknown !== undefined)
      return `A title template may name only ${TEMPLATE_WORDS.join(", ")}, each in double braces.`;
    if (renderTitle(text, SAMPLE, "trigger") === "") return "This title template says nothing: name at least one word.";
    return null;
  } catch {
    return `This title template cannot be read: use words such as {{ server }} and {{ severity }}, the filters ${FILTERS.join(", ")} and the tags ${TAGS.join(", ")}.`;
  }
}

/** A field that may be left empty; refused at save with a sentence. */
export const titleTemplate = z.preprocess(
  (v) => (typeof v === "string" && v.trim() === "" ? undefined : v),
  z
    .string()
    .superRefine((text, ctx) => {
      const fault = templateFault(text);
      if (fault !== null) ctx.addIssue({ code: "custom", message: fault });
    })
    .optional(),
);
