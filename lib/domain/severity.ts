// How bad: the tenant's own word on the reason or else its default, one step milder for a server that we only depend on.
import { type Reason, REASONS, SEVERITIES, type Severity } from "./reason.ts";

const MILDER: Record<Severity, Severity> = { P1: "P2", P2: "P3", P3: "P4", P4: "P4" };
export type Weight = "own" | "third_party";
/** A tenant's own words, by reason; what stands there may be older or newer than the list of reasons. */
export type Severities = Readonly<Record<string, string>>;

/** @param own the tenant's words; absent: none */
export function severityOf(
  reason: Reason,
  weight: Weight,
  own: Severities = {},
): { severity: Severity; sentence: string } {
  const said = Object.hasOwn(own, reason) ? SEVERITIES.find((s) => s === own[reason]) : undefined;
  const base = said ?? REASONS[reason].severity;
  const label = REASONS[reason].label;
  const is =
    said === undefined
      ? `${label} is ${base}`
      : `${label} is ${base} in this tenant (${REASONS[reason].severity} by default)`;
  if (weight === "own") return { severity: base, sentence: `${is}.` };
  return { severity: MILDER[base], sentence: `${is}; one step milder for a server of others: ${MILDER[base]}.` };
}

/** "P1" < "P2" as text, and P1 is the graver. */
export const isGraver = (a: Severity, than: Severity): boolean => a < than;

/** P4 is written down and told to nobody. */
export const isLogOnly = (severity: Severity): boolean => severity === "P4";
