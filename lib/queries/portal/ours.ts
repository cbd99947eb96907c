import { REASONS } from "#lib/domain/reason";

const OURS = new Set(
  Object.entries(REASONS).flatMap(([name, rule]) => (rule.layer === "platform" ? [name, rule.label] : [])),
);

/** Is this reason, by name or in words, about our side? Then its evidence is about our processes and stays here. */
export const isOurs = (reason: string | null): boolean => reason !== null && OURS.has(reason);

/** What these quote came out of an address that need not be the customer's to read: their page says which cause it was. */
const QUOTES_OTHERS: readonly string[] = ["canary_failed", "health_degraded"] satisfies (keyof typeof REASONS)[];

/** The sentence of evidence as customers may read it. */
export function evidenceFor(reason: string | null, evidence: string): string {
  if (isOurs(reason)) return "";
  return reason !== null && QUOTES_OTHERS.includes(reason) ? evidence.replace(/: “.*”/s, "") : evidence;
}

/** Finer times would tell what lies between an address and us. */
export const tens = (ms: number): number => Math.round(ms / 10) * 10;
