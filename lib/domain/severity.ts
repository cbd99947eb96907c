// How bad: the reason's default, one step milder for a server that we only depend on.
import { type Reason, REASONS, type Severity } from "./reason.ts";

const MILDER: Record<Severity, Severity> = { P1: "P2", P2: "P3", P3: "P4", P4: "P4" };
export type Weight = "own" | "third_party";

export function severityOf(reason: Reason, weight: Weight): { severity: Severity; sentence: string } {
  const base = REASONS[reason].severity;
  if (weight === "own") return { severity: base, sentence: `${REASONS[reason].label} is ${base}.` };
  return {
    severity: MILDER[base],
    sentence: `${REASONS[reason].label} is ${base}; one step milder for a server of others: ${MILDER[base]}.`,
  };
}

/** "P1" < "P2" as text, and P1 is the graver. */
export const isGraver = (a: Severity, than: Severity): boolean => a < than;

/** P4 is written down and told to nobody. */
export const isLogOnly = (severity: Severity): boolean => severity === "P4";
