import { INTERVALS_S } from "#lib/domain/server";
import { shortestIntervalS } from "#lib/domain/tier";

/** Intervals this tier may choose, and the one in force even if the tier has since shrunk. */
export function intervalOptions(tier: string, current?: number) {
  return INTERVALS_S.filter((s) => s >= shortestIntervalS(tier) || s === current).map((s) => ({
    value: String(s),
    label: s < 60 ? `${s} seconds` : s === 60 ? "1 minute" : `${s / 60} minutes`,
  }));
}

export const WEIGHT_OPTIONS = [
  { value: "own", label: "We run it" },
  { value: "third_party", label: "We depend on it (one severity step milder)" },
];
