// When a sink is left alone: after failures in a row, with a pause that grows until it takes something again, and for
// as long as its vendor asks. And how many requests a vendor bears. Pure: times are epoch milliseconds.

export const OPENS_AFTER = 5;
export const FIRST_PAUSE_MS = 30_000;
export const LONGEST_PAUSE_MS = 300_000;
/** However long a vendor, or whoever answers in its place, asks for. */
export const LONGEST_ASKED_MS = 4 * 3_600_000;

export interface Trouble {
  /** In a row; a success ends the trouble altogether. */
  failures: number;
  /** When it was first left alone; null: it still is not. */
  since: number | null;
  /** Of the breaker; 0 while it is closed. */
  pauseMs: number;
  retryAt: number;
  /** Until then the vendor wants nothing. */
  askedUntil: number;
}

const NONE: Trouble = { failures: 0, since: null, pauseMs: 0, retryAt: 0, askedUntil: 0 };

/** Nothing came of a try, and it was the sink's doing. */
export function failed(before: Trouble | undefined, now: number): Trouble {
  const t = before ?? NONE;
  const failures = t.failures + 1;
  // What was under way when the breaker opened says nothing new.
  if (failures < OPENS_AFTER || now < t.retryAt) return { ...t, failures };
  const pauseMs = t.pauseMs === 0 ? FIRST_PAUSE_MS : Math.min(2 * t.pauseMs, LONGEST_PAUSE_MS);
  return { ...t, failures, pauseMs, since: t.since ?? now, retryAt: now + pauseMs };
}

/** The vendor named a pause: it holds for everything that goes there. */
export function asked(before: Trouble | undefined, seconds: number, now: number): Trouble {
  const t = before ?? NONE;
  return {
    ...t,
    since: t.since ?? now,
    askedUntil: Math.max(t.askedUntil, now + Math.min(seconds * 1_000, LONGEST_ASKED_MS)),
  };
}

export const nextTryAt = (t: Trouble): number => Math.max(t.retryAt, t.askedUntil);

/** half_open: one try shows whether it is over. */
export function doorOf(t: Trouble | undefined, now: number): "closed" | "one_at_a_time" | "half_open" | "open" {
  if (t === undefined) return "closed";
  // Further ahead than any pause is long, it was noted before the clock was set back.
  const waits = (until: number, longest: number) => now < until && until - now <= longest;
  if (waits(t.retryAt, LONGEST_PAUSE_MS) || waits(t.askedUntil, LONGEST_ASKED_MS)) return "open";
  return t.pauseMs > 0 ? "half_open" : "one_at_a_time";
}

/** A limit as vendors state it: so many requests in any stretch of so long. */
export interface Rate {
  requests: number;
  perMs: number;
}

/** A start that lies ahead was noted before the clock was set back. */
export const counts = (rate: Rate, start: number, now: number): boolean => start > now - rate.perMs && start <= now;

/** @param starts of requests, oldest first @returns how many more may start now */
export function roomLeft(rate: Rate, starts: readonly number[], now: number): number {
  return Math.max(0, rate.requests - starts.filter((at) => counts(rate, at, now)).length);
}

/** When the next request fits, given that none fits now. */
export function roomAt(rate: Rate, starts: readonly number[]): number {
  return (starts[Math.max(0, starts.length - rate.requests)] ?? 0) + rate.perMs;
}
