// Whether a region falls behind: not how long its checks wait, which is a matter of its machine, but whether they wait
// longer and longer. Pure.

/** One minute of a region's queue. */
export interface AgeWindow {
  /** Its end, epoch ms. */
  at: number;
  /** The wait that 95 of 100 batches did not exceed, from when they were due to when a prober had them. */
  p95Ms: number;
  /** Batches that it is made of. */
  n: number;
}

export const WINDOW_MS = 60_000;
/** So many windows in a row have to be worse than the one before. */
const GROWING = 5;
/** Milliseconds more per minute, on average: less is noise on any machine. A rate, and no limit on the wait itself. */
const RATE_MS = 3_000;
/** So many windows without growth end it. */
const CALM = 3;
/** A queue that goes up and down by itself has been as high before: only a new high of so many windows is news. */
export const REMEMBERED = 30;
const GONE_MS = 10 * WINDOW_MS;

export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil((p / 100) * sorted.length) - 1))] ?? 0;
}

/** Milliseconds per minute between the first and the last of these windows; 0 for fewer than two. */
export function ratePerMinute(windows: readonly AgeWindow[]): number {
  const [first, last] = [windows[0], windows.at(-1)];
  if (first === undefined || last === undefined || last.at <= first.at) return 0;
  return ((last.p95Ms - first.p95Ms) / (last.at - first.at)) * 60_000;
}

/**
 * @param windows oldest first
 * @param alerted it is said already: then the question is whether it is over
 */
export function fallsBehind(windows: readonly AgeWindow[], alerted: boolean, nowMs: number): boolean {
  const seen = windows.filter((w) => w.at <= nowMs && w.n > 0).slice(-REMEMBERED);
  const newest = seen.at(-1);
  // Nothing starts any more, or nothing is measured: other alerts speak of that.
  if (newest === undefined || nowMs - newest.at > GONE_MS) return false;
  if (alerted) {
    const calm = seen.slice(-CALM);
    return calm.length < CALM || ratePerMinute(calm) > 0;
  }
  const last = seen.slice(-GROWING);
  if (last.length < GROWING || newest.at - (last[0] as AgeWindow).at > 2 * GROWING * WINDOW_MS) return false;
  const grows = last.every((w, i) => i === 0 || w.p95Ms > (last[i - 1] as AgeWindow).p95Ms);
  const earlier = seen.slice(0, -GROWING).map((w) => w.p95Ms);
  return grows && ratePerMinute(last) >= RATE_MS && newest.p95Ms > Math.max(0, ...earlier);
}
