// How many incidents of an hour are told one by one. What comes above is held until the hour is over and counted in one
// digest; what is grave and has nothing to do with the rest is told at once all the same.
import type { Severity } from "./reason.ts";

const HOUR_MS = 3_600_000;

/** The first instant of the hour, UTC. */
export const hourOf = (now: Date): Date => new Date(Math.floor(now.getTime() / HOUR_MS) * HOUR_MS);
export const nextHour = (now: Date): Date => new Date(hourOf(now).getTime() + HOUR_MS);

export interface Spent {
  severity: Severity;
  /** Notices of this hour that told of an incident. */
  told: number;
  allowed: number;
  /** Shares its host, provider or certificate with one that opened within the hour. */
  related: boolean;
}

/** True when it waits for the next hour. */
export function isOverBudget({ severity, told, allowed, related }: Spent): boolean {
  return told >= allowed && (severity !== "P1" || related);
}
