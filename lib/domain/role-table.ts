// The table of permissions as something to be acknowledged: one hash over its canonical form, and what differs
// between two of them in lines a root operator can judge. Pure.
import { canonicalHash } from "./canonical-json.ts";
import { LAYERS, PERMISSIONS, type Rule } from "./permissions.ts";

export type RoleTable = Record<string, Rule>;

/** Without the order of layers: it means nothing, and moving one is no change of who may. */
function settled(table: RoleTable): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(table).map(([action, rule]) => [
      action,
      { ...rule, layers: LAYERS.filter((layer) => rule.layers.includes(layer)) },
    ]),
  );
}

export const roleTable = (): RoleTable => PERMISSIONS;

/** SHA-256, hex. */
export function roleTableHash(table: RoleTable = PERMISSIONS): string {
  return canonicalHash(settled(table));
}

const ASKS: [keyof Rule, string][] = [
  ["writes", "changes something"],
  ["fresh", "a fresh sign-in"],
  ["why", "a reason"],
  ["two", "a second person"],
  ["notAsAnother", "never as somebody else"],
];

/** What the action asks of whoever does it, in words. */
export function asks(rule: Rule): string[] {
  return ASKS.filter(([key]) => key !== "writes" && rule[key] === true).map(([, words]) => words);
}

/** One line per thing that is not the same, in the order of the actions' names; empty when nothing is. */
export function roleTableDiff(was: RoleTable, now: RoleTable): string[] {
  const names = [...new Set([...Object.keys(was), ...Object.keys(now)])].sort();
  return names.flatMap((action) => {
    const before = Object.hasOwn(was, action) ? was[action] : undefined;
    const after = Object.hasOwn(now, action) ? now[action] : undefined;
    if (before === undefined && after !== undefined)
      return [`+ ${action}: new, for ${layers(after)}${after.writes ? "" : ", reads only"}: ${after.sentence}`];
    if (after === undefined) return [`- ${action}: gone, was for ${before === undefined ? "nobody" : layers(before)}`];
    return before === undefined ? [] : changes(action, before, after);
  });
}

const layers = (rule: Rule): string => LAYERS.filter((layer) => rule.layers.includes(layer)).join(", ") || "nobody";

function changes(action: string, before: Rule, after: Rule): string[] {
  const lines: string[] = [];
  for (const layer of LAYERS) {
    const [did, does] = [before.layers.includes(layer), after.layers.includes(layer)];
    if (did !== does) lines.push(`~ ${action}: ${layer} ${does ? "may now" : "may no longer"}`);
  }
  for (const [key, words] of ASKS) {
    const [did, does] = [before[key] === true, after[key] === true];
    if (did !== does)
      lines.push(`~ ${action}: ${does ? "now" : "no longer"} ${key === "writes" ? words : `asks: ${words}`}`);
  }
  if (before.sentence !== after.sentence) lines.push(`~ ${action}: its sentence was "${before.sentence}"`);
  return lines;
}
