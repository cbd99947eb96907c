// Two tool lists of one server, as the changes between them: added, removed, renamed, signature changed, or words only;
// each in lines that a person can read, and breaking or not for whoever calls the tools. Pure; docs/tools.md explains.
import { z } from "zod";
import { canonicalJson } from "./canonical-json.ts";
import { type SchemaChange, schemaDiff } from "./schema-diff.ts";
import { isRecord } from "./surface.ts";
import type { KeptTool } from "./tool-list.ts";
import { rewording, visibleLine } from "./visible.ts";

export const SHAPES = ["added", "removed", "renamed", "signature", "words"] as const;
export type Shape = (typeof SHAPES)[number];

/** Changes of one entry of the changelog, and lines of one change, that are kept. */
const MAX_CHANGES = 200;
const MAX_LINES = 20;
/** Tools of either list that are looked through for renames, each with each; beyond them they are removed and added. */
const MAX_RENAMED = 80;

export const toolChangeSchema = z.object({
  shape: z.enum(SHAPES),
  name: z.string(),
  /** Of a renamed one: its name before. */
  was: z.string().optional(),
  breaking: z.boolean(),
  lines: z.array(z.object({ text: z.string(), effect: z.enum(["breaking", "safe", "words"]) })),
});
export type ToolChange = z.infer<typeof toolChangeSchema>;

export const toolDiffSchema = z.object({
  changes: z.array(toolChangeSchema).max(MAX_CHANGES),
  /** Of each shape, all of them, also those beyond what is kept. */
  counts: z.record(z.enum(SHAPES), z.number().int()),
  breaking: z.number().int(),
  /** What could not be compared, as a sentence; "" where all was. */
  note: z.string().default(""),
});
export type ToolDiff = z.infer<typeof toolDiffSchema>;

export function diffTools(before: readonly KeptTool[], after: readonly KeptTool[]): ToolDiff {
  const was = new Map(before.map((t) => [t.name, t]));
  const is = new Map(after.map((t) => [t.name, t]));
  const gone = before.filter((t) => !is.has(t.name));
  const come = after.filter((t) => !was.has(t.name));
  const renamed = renames(gone, come);
  const moved = new Set(renamed.flatMap(({ from, to }) => [from, to]));
  const all = [
    ...gone
      .filter((t) => !moved.has(t))
      .map((t) => change("removed", t.name, [breaks("Calls of it fail from now on.")])),
    ...renamed.map(({ from, to }) => ({ ...change("renamed", to.name, renameLines(from, to)), was: name(from.name) })),
    ...after.flatMap((t) => {
      const old = was.get(t.name);
      return old === undefined || old.full === t.full ? [] : [changed(old, t)];
    }),
    ...come.filter((t) => !moved.has(t)).map((t) => change("added", t.name, [])),
  ];
  all.sort((a, b) => Number(b.breaking) - Number(a.breaking));
  const counts = Object.fromEntries(SHAPES.map((shape) => [shape, all.filter((c) => c.shape === shape).length]));
  return {
    changes: all.slice(0, MAX_CHANGES),
    counts: counts as ToolDiff["counts"],
    breaking: all.filter((c) => c.breaking).length,
    note: all.length > MAX_CHANGES ? `${all.length - MAX_CHANGES} further changes are counted and not listed.` : "",
  };
}

const name = (raw: string) => visibleLine(raw, 120);
const breaks = (text: string): SchemaChange => ({ text, effect: "breaking" });

function change(shape: Shape, raw: string, lines: readonly SchemaChange[]): ToolChange {
  const sorted = lines.toSorted((a, b) => rank(a) - rank(b));
  const kept = sorted.slice(0, MAX_LINES);
  const more = sorted.length - kept.length;
  return {
    shape,
    name: name(raw),
    breaking: lines.some((l) => l.effect === "breaking"),
    lines: more > 0 ? [...kept, { text: `and ${more} more`, effect: kept.at(-1)?.effect ?? "safe" }] : kept,
  };
}
const rank = ({ effect }: SchemaChange) => ["breaking", "safe", "words"].indexOf(effect);

function changed(old: KeptTool, now: KeptTool): ToolChange {
  if (old.tool === null || now.tool === null)
    return old.contract === now.contract
      ? change("words", now.name, [{ text: "Its words changed; they are too large to be kept.", effect: "words" }])
      : change("signature", now.name, [
          breaks("Its schema changed; it is too large to be kept, so it counts as breaking."),
        ]);
  const lines = toolLines(old.tool, now.tool);
  return change(lines.every((l) => l.effect === "words") ? "words" : "signature", now.name, lines);
}

function toolLines(old: Record<string, unknown>, now: Record<string, unknown>): SchemaChange[] {
  const lines = [...schemaDiff(old.inputSchema, now.inputSchema, "in", "input")];
  if (old.outputSchema !== undefined && now.outputSchema === undefined)
    lines.push(breaks("output is no longer described: structured results may be gone"));
  else if (old.outputSchema === undefined && now.outputSchema !== undefined)
    lines.push({ text: "output is described now", effect: "safe" });
  else lines.push(...schemaDiff(old.outputSchema, now.outputSchema, "out", "output"));
  lines.push(...promises(old.annotations, now.annotations));
  for (const key of ["title", "description"])
    if (old[key] !== now[key]) lines.push({ text: `The ${key} ${rewording(old[key], now[key])}.`, effect: "words" });
  // Something is different, or the two would have one hash: it is never called nothing.
  return lines.length > 0 ? lines : [{ text: "Something changed that has no meaning to callers.", effect: "words" }];
}

/** What a tool promises of itself: hosts ask before a call, or do not, by these. Defaults are the protocol's. */
const HINTS: Record<string, { default: boolean; good: boolean; words: string }> = {
  readOnlyHint: { default: false, good: true, words: "only reads" },
  destructiveHint: { default: true, good: false, words: "may destroy something" },
  idempotentHint: { default: false, good: true, words: "does the same when called twice" },
  openWorldHint: { default: true, good: false, words: "reaches beyond its own system" },
};

function promises(old: unknown, now: unknown): SchemaChange[] {
  const of = (from: unknown, hint: string) => {
    const value = isRecord(from) ? from[hint] : undefined;
    return typeof value === "boolean" ? value : (HINTS[hint]?.default ?? false);
  };
  const lines = Object.entries(HINTS).flatMap(([hint, { good, words }]): SchemaChange[] => {
    const [before, after] = [of(old, hint), of(now, hint)];
    if (before === after) return [];
    return [
      {
        text: `It ${after ? "now says that it" : "no longer says that it"} ${words}.`,
        effect: after === good ? "safe" : "breaking",
      },
    ];
  });
  const title = (from: unknown) => (isRecord(from) ? from.title : undefined);
  if (title(old) !== title(now))
    lines.push({ text: `Its title ${rewording(title(old), title(now))}.`, effect: "words" });
  return lines;
}

interface Rename {
  from: KeptTool;
  to: KeptTool;
}

/** The best pairs first, each tool in one pair at most. */
function renames(gone: readonly KeptTool[], come: readonly KeptTool[]): Rename[] {
  const bySchema = Map.groupBy(come.slice(0, MAX_RENAMED), schemaText);
  const pairs = gone.slice(0, MAX_RENAMED).flatMap((from) =>
    (bySchema.get(schemaText(from)) ?? []).flatMap((to) => {
      const score = likeness(from, to);
      return score === null ? [] : [{ from, to, score }];
    }),
  );
  pairs.sort((a, b) => b.score - a.score || (a.from.name + a.to.name < b.from.name + b.to.name ? -1 : 1));
  const taken = new Set<KeptTool>();
  return pairs.filter(({ from, to }) => {
    if (taken.has(from) || taken.has(to)) return false;
    taken.add(from).add(to);
    return true;
  });
}

const schemaText = (t: KeptTool) => canonicalJson(t.tool?.inputSchema ?? null);

/**
 * Same input schema under another name. A schema without parameters says little, so the description or at least half of
 * the name has to be the same as well. @returns null for two different tools
 */
function likeness(from: KeptTool, to: KeptTool): number | null {
  if (from.tool === null || to.tool === null) return null;
  const [a, b] = [from.tool, to.tool];
  const told = typeof a.description === "string" && a.description !== "" && a.description === b.description;
  const alike = nameLikeness(from.name, to.name);
  const properties = isRecord(a.inputSchema) ? a.inputSchema.properties : undefined;
  const plain = !isRecord(properties) || Object.keys(properties).length === 0;
  if (plain && !told && alike < 0.5) return null;
  return alike + (told ? 1 : 0);
}

/** 1 for equal names, 0 for nothing in common: 1 − edits / length of the longer. */
export function nameLikeness(left: string, right: string): number {
  const [a, b] = [left.slice(0, 80).toLowerCase(), right.slice(0, 80).toLowerCase()];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1)
      next[j] = Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    row = next;
  }
  return 1 - (row[b.length] ?? 0) / Math.max(a.length, b.length, 1);
}

function renameLines(from: KeptTool, to: KeptTool): SchemaChange[] {
  const rest = from.tool === null || to.tool === null || from.full === to.full ? [] : toolLines(from.tool, to.tool);
  const real = rest.filter((l) => l.text !== "Something changed that has no meaning to callers.");
  return [breaks(`Calls of ${name(from.name)} fail: it takes the same parameters under the new name.`), ...real];
}

export type Digest = "now" | "daily" | "weekly";

/** F021: what breaks a caller, or reads like an attack, is told at once; what is new daily; words weekly. */
export function digestOf(diff: ToolDiff, flagged: boolean): Digest {
  if (diff.breaking > 0 || flagged) return "now";
  return diff.counts.added > 0 || diff.counts.signature > 0 || diff.counts.renamed > 0 ? "daily" : "weekly";
}

const COUNTED: Record<Shape, [one: string, many: string]> = {
  removed: ["tool removed", "tools removed"],
  renamed: ["renamed", "renamed"],
  signature: ["signature changed", "signatures changed"],
  words: ["described differently", "described differently"],
  added: ["added", "added"],
};

/** "2 tools removed (a, b), 1 signature changed (c)": at most 200 characters and some. */
export function describeDiff(diff: ToolDiff): string {
  const parts = (["removed", "renamed", "signature", "added", "words"] as const).flatMap((shape) => {
    const n = diff.counts[shape];
    if (n === 0) return [];
    const names = diff.changes.filter((c) => c.shape === shape).slice(0, 3);
    const told = names
      .map((c) => (c.was === undefined ? c.name : `${c.was} → ${c.name}`))
      .map((t) => visibleLine(t, 40));
    const more = n > told.length ? ", …" : "";
    return [`${n} ${COUNTED[shape][n === 1 ? 0 : 1]} (${told.join(", ")}${more})`];
  });
  return parts.length === 0 ? "nothing that could be compared" : parts.join(", ");
}
