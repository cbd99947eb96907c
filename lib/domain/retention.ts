// How long history is kept: what the tier allows, or less where the tenant chose so. Pure: now is an argument.
import { z } from "zod";
import type { DiffLine } from "./approval.ts";
import { TocsinError } from "./error.ts";
import { allows } from "./tier.ts";

const DAY_MS = 86_400_000;

/** What is kept by age, with its name for people. The audit log is not among them: seven years, on every tier. */
export const KEPT = {
  minutesDays: "Minutes of each server",
  incidentsDays: "Resolved incidents with their deliveries",
} as const;
export type Kept = keyof typeof KEPT;
export const KINDS = Object.keys(KEPT) as Kept[];

/** Days. */
export type Retention = Record<Kept, number>;
/** As a tenant chose; null is as long as the tier allows. */
export type Chosen = Record<Kept, number | null>;
export const NOT_CHOSEN: Chosen = { minutesDays: null, incidentsDays: null };

/** What holds today: a tier that allows less than was chosen counts. */
export function inForce(tier: string, chosen: Chosen): Retention {
  const most = allows(tier);
  const of = (kind: Kept) => Math.min(most[kind], chosen[kind] ?? most[kind]);
  return { minutesDays: of("minutesDays"), incidentsDays: of("incidentsDays") };
}

export const cutOff = (days: number, now: Date): Date => new Date(now.getTime() - days * DAY_MS);

const days = z.coerce
  .number({ error: "Say for how many days." })
  .int("Whole days only.")
  .min(1, "History is kept for at least a day.")
  .max(2557, "History is kept for seven years at most.");
export const retentionInput = z.strictObject({ minutesDays: days, incidentsDays: days });

/** @throws TocsinError E_INVALID for more than the tier allows */
export function withinTier(tier: string, wanted: Retention): void {
  const most = allows(tier);
  for (const kind of KINDS)
    if (wanted[kind] > most[kind])
      throw new TocsinError("E_INVALID", `The tier ${tier} keeps this for ${most[kind]} days at most.`, {
        field: kind,
      });
}

export const shorter = (was: Retention, wanted: Retention): Kept[] => KINDS.filter((k) => wanted[k] < was[k]);
export const longer = (was: Retention, wanted: Retention): Kept[] => KINDS.filter((k) => wanted[k] > was[k]);

export const spellDays = (n: number): string => (n === 1 ? "1 day" : `${n} days`);

export function retentionDiff(was: Retention, wanted: Retention): DiffLine[] {
  return KINDS.filter((kind) => was[kind] !== wanted[kind]).map((kind) => ({
    field: KEPT[kind],
    was: spellDays(was[kind]),
    will: spellDays(wanted[kind]),
  }));
}
