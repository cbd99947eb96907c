// What a policy asks and does, in words.
import { LAYERS, type Matcher, SUBJECT_KINDS } from "#lib/domain/matcher";
import type { ListedPolicy } from "#lib/domain/policy";
import { REASON_NAMES, REASONS, SEVERITIES } from "#lib/domain/reason";

export type Names = Readonly<Record<string, string>>;

const KINDS: Record<(typeof SUBJECT_KINDS)[number], string> = {
  server: "a server",
  tenant: "all checks of the tenant",
  alert: "an alert of another monitor",
  storm: "many incidents with one cause",
  cluster: "one cause over many tenants",
  sink: "a sink in trouble",
  outbox: "notices that do not leave",
  region: "a region",
  worker: "the worker",
  queue: "the queue of checks",
  audit: "the audit log",
  access: "emergency access",
};
const WEIGHTS: Names = { own: "one's own", third_party: "of others" };

export interface Choice {
  value: string;
  label: string;
}

/** What a matcher that lists values can list. */
export function choices(on: Matcher["on"], servers: readonly { id: string; name: string }[]): Choice[] {
  const plain = (values: readonly string[], words: Names = {}) =>
    values.map((value) => ({ value, label: words[value] ?? value }));
  if (on === "severity") return plain(SEVERITIES);
  if (on === "layer") return plain(LAYERS);
  if (on === "kind") return plain(SUBJECT_KINDS, KINDS);
  if (on === "weight") return plain(["own", "third_party"], WEIGHTS);
  if (on === "reason") return REASON_NAMES.map((value) => ({ value, label: REASONS[value].label }));
  return on === "server" ? servers.map(({ id, name }) => ({ value: id, label: name })) : [];
}

export const ASKS: Record<Matcher["on"], string> = {
  severity: "Severity",
  reason: "Reason",
  layer: "Layer",
  kind: "What it is about",
  server: "Server",
  name: "Name",
  weight: "Whose server",
  label: "Label of an alert",
};

export function matcherWords(m: Matcher, servers: readonly { id: string; name: string }[]): string {
  if (m.on === "name") return `name is like ${m.is}`;
  if (m.on === "label")
    return `label ${m.name} ${m.op === "=" ? "is" : m.op === "!=" ? "is not" : "is like"} ${m.value || "empty"}`;
  const labels = new Map(choices(m.on, servers).map((c) => [c.value, c.label]));
  const listed = m.is.map((v) => labels.get(v) ?? "a removed server");
  return `${ASKS[m.on].toLowerCase()}: ${listed.join(" or ")}`;
}

/** "at once: chat (P1, P2); after 5 min: whoever is on call in Nights (P1)". */
export function stepsWords(policy: ListedPolicy, names: Names): string[] {
  const lines = policy.steps.map(({ afterMinutes, targets }) => {
    const who = targets.map((t) => {
      const name = names[t.sinkId ?? t.personId ?? t.scheduleId ?? ""] ?? "somebody removed";
      return `${t.scheduleId === undefined ? name : `whoever is on call in ${name}`} (${t.severities.join(", ")})`;
    });
    return `${after(afterMinutes)}: ${who.length === 0 ? "nobody" : who.join("; ")}`;
  });
  const times = policy.repeat ?? 0;
  if (times > 0)
    lines.push(`then again ${times === 1 ? "once" : `${times} times`}, every ${policy.repeatMinutes ?? 15} min`);
  return lines;
}

export const after = (minutes: number): string => (minutes === 0 ? "at once" : `after ${minutes} min`);
