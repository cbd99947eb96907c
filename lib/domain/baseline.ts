// Is a server slower than usual, or does a part of its probes fail, while no run of bad slots says so? PURE.
//
// Cold start: without a day of history and 200 looks nothing is usual yet, and nobody is told of slowness.
import { type Layer, REASONS, type Reason, type Status } from "./reason.ts";

export const BASELINE_DAYS = 7;
const RIPE_HOURS = 23;
const RIPE_SAMPLES = 200;
const TIMES = 3;
/** Three times next to nothing is no slowness that anybody feels. */
const FLOOR_MS = 250;
export const PERIODS = 3;
/** p95 over fewer looks is one look. */
const LEAST_LOOKS = 3;

/** Five minutes, or three looks where these take longer. */
export const periodMs = (intervalS: number): number => Math.max(300_000, LEAST_LOOKS * intervalS * 1_000);
/** In which failures are counted: five minutes, or five looks where these take longer. */
export const windowMs = (intervalS: number): number => Math.max(300_000, 5 * intervalS * 1_000);

export interface Baseline {
  samples: number;
  hours: number;
  p95Ms: number | null;
}

/** @returns milliseconds above which a period is slow; null while nothing is usual yet */
export function slowAbove(baseline: Baseline | null): number | null {
  if (baseline === null || baseline.p95Ms === null) return null;
  if (baseline.hours < RIPE_HOURS || baseline.samples < RIPE_SAMPLES) return null;
  return Math.max(FLOOR_MS, TIMES * baseline.p95Ms);
}

export interface Period {
  looks: number;
  p95Ms: number | null;
}

/**
 * @param periods newest first
 * @param was it was slow a minute ago: it stays so until its newest period is not
 */
export function isSlow(limitMs: number | null, periods: readonly Period[], was: boolean): boolean {
  if (limitMs === null) return false;
  const slow = (p: Period | undefined) =>
    p !== undefined && p.looks >= LEAST_LOOKS && p.p95Ms !== null && p.p95Ms > limitMs;
  const [newest] = periods;
  // A period without enough looks says neither.
  if (was && newest !== undefined && newest.looks < LEAST_LOOKS) return true;
  return was ? slow(newest) : periods.length >= PERIODS && periods.slice(0, PERIODS).every(slow);
}

/** One slot of the window: per region its status and reason. */
export interface WindowSlot {
  slot: number;
  cells: readonly { region: string; status: Status; reason: Reason | null }[];
}

export interface ErrorRate {
  layer: Layer;
  failed: number;
  probes: number;
  regions: string[];
  reason: Reason;
}

const SHARE = 0.05;
const LEAST_PROBES = 10;
const LEAST_FAILED = 3;
/** A blip shorter than this is logged and tells nobody. */
const LEAST_SPAN_MS = 180_000;

/**
 * The layer in which at least one probe in twenty failed, the one with the most failures; null when there is none. One
 * region alone is a warning, and one short blip is a blip.
 */
export function errorRate(slots: readonly WindowSlot[]): ErrorRate | null {
  const cells = slots.flatMap((s) => s.cells.map((c) => ({ ...c, slot: s.slot })));
  const probed = cells.filter((c) => c.status !== "unknown");
  if (probed.length < LEAST_PROBES) return null;
  const asked = new Set(cells.map((c) => c.region)).size;
  const bad = probed.filter((c) => (c.status === "down" || c.status === "degraded") && c.reason !== null);
  const found = [...Map.groupBy(bad, (c) => REASONS[c.reason as Reason].layer)].flatMap(([layer, failed]) => {
    const regions = [...new Set(failed.map((c) => c.region))].sort();
    const at = failed.map((c) => c.slot);
    const spanMs = Math.max(...at) - Math.min(...at);
    const counts = failed.length >= LEAST_FAILED && failed.length / probed.length >= SHARE && spanMs >= LEAST_SPAN_MS;
    const [first] = failed;
    return counts && regions.length >= Math.min(2, asked) && first !== undefined
      ? [{ layer, failed: failed.length, probes: probed.length, regions, reason: first.reason as Reason }]
      : [];
  });
  return found.sort((a, b) => b.failed - a.failed)[0] ?? null;
}
