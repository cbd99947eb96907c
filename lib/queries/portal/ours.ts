import { REASONS } from "#lib/domain/reason";

const OURS = new Set(
  Object.entries(REASONS).flatMap(([name, rule]) => (rule.layer === "platform" ? [name, rule.label] : [])),
);

/** Is this reason, by name or in words, about our side? Then its evidence is about our processes and stays here. */
export const isOurs = (reason: string | null): boolean => reason !== null && OURS.has(reason);

/** Finer times would tell what lies between an address and us. */
export const tens = (ms: number): number => Math.round(ms / 10) * 10;
