// Which policy holds for an incident: the first whose matchers all hold. Pure.
import { z } from "zod";
import type { SubjectKind } from "./incident.ts";
import { REASON_NAMES, REASONS, type Reason, SEVERITIES, type Severity } from "./reason.ts";
import type { Weight } from "./severity.ts";
import { cleanText } from "./text.ts";

export const LAYERS = ["transport", "http", "handshake", "tools", "platform"] as const;
export const SUBJECT_KINDS = [
  ...["server", "tenant", "alert", "storm", "cluster", "sink", "outbox"],
  ...["region", "worker", "queue", "audit", "access"],
] as [SubjectKind, ...SubjectKind[]];

const some = <T extends string>(values: readonly [T, ...T[]]) =>
  z.array(z.enum(values)).min(1, "Choose at least one.").max(values.length);
const text = (max: number) =>
  z
    .string()
    .max(max)
    .transform((t) => cleanText(t, max));
const glob = text(200).refine((g) => g !== "", "Write a name; * stands for anything.");

/** One thing that has to be so. `*` in a glob stands for any text, capitals count alike. */
export const matcherSchema = z.discriminatedUnion("on", [
  z.strictObject({ on: z.literal("severity"), is: some(SEVERITIES) }),
  z.strictObject({ on: z.literal("reason"), is: some(REASON_NAMES) }),
  z.strictObject({ on: z.literal("layer"), is: some(LAYERS) }),
  z.strictObject({ on: z.literal("kind"), is: some(SUBJECT_KINDS) }),
  z.strictObject({ on: z.literal("server"), is: z.array(z.uuid()).min(1, "Choose at least one.").max(200) }),
  z.strictObject({ on: z.literal("name"), is: glob }),
  z.strictObject({ on: z.literal("weight"), is: some(["own", "third_party"]) }),
  z.strictObject({
    on: z.literal("label"),
    name: text(100).refine((n) => n !== "", "Name the label."),
    op: z.enum(["=", "!=", "~"], "Choose how it is compared."),
    value: text(200),
  }),
]);
export type Matcher = z.infer<typeof matcherSchema>;
export const matchersSchema = z.array(matcherSchema).max(20, "A policy has at most twenty matchers.");

/** What matchers ask about. */
export interface Matchable {
  severity: Severity;
  reason: Reason;
  kind: SubjectKind;
  serverId: string | null;
  name: string;
  weight: Weight;
  labels: Readonly<Record<string, string>>;
}

/** In steps of the text's length times the stars', never worse: no pattern is made of it. */
export function globMatches(pattern: string, value: string): boolean {
  const [head = "", ...rest] = pattern.toLowerCase().split("*");
  const text = value.toLowerCase();
  const tail = rest.pop();
  if (tail === undefined) return text === head;
  if (!text.startsWith(head) || text.length < head.length + tail.length || !text.endsWith(tail)) return false;
  let at = head.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= text.length - tail.length;
}

export function holds(m: Matcher, of: Matchable): boolean {
  switch (m.on) {
    case "severity":
      return m.is.includes(of.severity);
    case "reason":
      return m.is.includes(of.reason);
    case "layer":
      return m.is.includes(REASONS[of.reason].layer);
    case "kind":
      return m.is.includes(of.kind);
    case "server":
      return of.serverId !== null && m.is.includes(of.serverId);
    case "name":
      return globMatches(m.is, of.name);
    case "weight":
      return m.is.includes(of.weight);
    case "label": {
      const value = Object.hasOwn(of.labels, m.name) ? (of.labels[m.name] ?? "") : "";
      return m.op === "=" ? value === m.value : m.op === "!=" ? value !== m.value : globMatches(m.value, value);
    }
  }
}

export const matches = (matchers: readonly Matcher[], of: Matchable): boolean => matchers.every((m) => holds(m, of));

/** The first that matches; the default stands last and matches everything. */
export const choose = <P extends { matchers: readonly Matcher[] }>(policies: readonly P[], of: Matchable): P | null =>
  policies.find((p) => matches(p.matchers, of)) ?? null;

type Listed = Exclude<Matcher, { on: "name" } | { on: "label" }>;
const listed = (m: Matcher): m is Listed => m.on !== "name" && m.on !== "label";

/** Why no incident can ever match, or null where none of these reasons holds. @param servers ids that are there */
export function neverMatches(matchers: readonly Matcher[], servers: ReadonlySet<string>): string | null {
  const allowed = new Map<string, string[]>();
  for (const m of matchers.filter(listed)) {
    const before = allowed.get(m.on);
    const both = before === undefined ? [...m.is] : m.is.filter((v) => before.includes(v));
    if (both.length === 0) return `it asks for two different things of the ${m.on}`;
    allowed.set(m.on, both);
  }
  const [severities, reasons, layers, ids, kinds] = ["severity", "reason", "layer", "server", "kind"].map((on) =>
    allowed.get(on),
  );
  if (severities?.every((s) => s === "P4")) return "P4 is told to nobody";
  if (reasons && layers && !reasons.some((r) => layers.includes(REASONS[r as Reason].layer)))
    return "none of its reasons is of its layers";
  if (ids && !ids.some((id) => servers.has(id))) return "the servers that it names were removed";
  if (ids && kinds && !kinds.includes("server")) return "it names servers and asks for what is no server";
  const equal = new Map<string, string>();
  for (const m of matchers) {
    if (m.on !== "label" || m.op !== "=") continue;
    if ((equal.get(m.name) ?? m.value) !== m.value) return `it asks for two values of the label ${m.name}`;
    equal.set(m.name, m.value);
  }
  const crossed = matchers.some((m) => m.on === "label" && m.op === "!=" && equal.get(m.name) === m.value);
  return crossed ? "it asks for a label's value and for another than that" : null;
}

/** Everything that matches `later` matches `earlier` too. False also where that cannot be told. */
export const covers = (earlier: readonly Matcher[], later: readonly Matcher[]): boolean =>
  earlier.every((e) => (e.on === "name" && e.is === "*") || later.some((l) => implies(l, e)));

function implies(l: Matcher, e: Matcher): boolean {
  if (JSON.stringify(l) === JSON.stringify(e)) return true;
  if (l.on === "name" && e.on === "name") return !l.is.includes("*") && globMatches(e.is, l.is);
  return listed(l) && listed(e) && l.on === e.on && l.is.every((v) => (e.is as readonly string[]).includes(v));
}
