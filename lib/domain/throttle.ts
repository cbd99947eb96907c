// A tenant whose checks had probers killed again and again is checked less often: what breaks a prober costs everybody a
// fresh start of one. It recovers by itself an hour after the last kill, or by hand. Pure: now is an argument.

/** How many times longer its intervals become, step by step. */
export const FACTORS = [1, 4, 16] as const;
export type Factor = (typeof FACTORS)[number];
/** So many kills within the window are one step. */
export const KILLS = 3;
export const WINDOW_MS = 3_600_000;
/** However slow, every server is looked at so often; an interval that is longer anyway stays. */
export const SLOWEST_S = 3_600;

export interface Pace {
  factor: Factor;
  /** When it was last cut: kills from before it have had their effect. */
  cutAt: Date | null;
  until: Date | null;
  releasedAt: Date | null;
}

export const OWN_PACE: Pace = { factor: 1, cutAt: null, until: null, releasedAt: null };

/** @param kills of the last hour at least, in any order */
export function nextPace(pace: Pace, kills: readonly Date[], now: Date): Pace {
  const recent = kills.filter((at) => at <= now && now.getTime() - at.getTime() < WINDOW_MS);
  const settled = Math.max(pace.cutAt?.getTime() ?? 0, pace.releasedAt?.getTime() ?? 0);
  const fresh = recent.filter((at) => at.getTime() > settled);
  const last = Math.max(0, ...(pace.factor === 1 ? fresh : recent).map((at) => at.getTime()));
  const until = Math.max(last + WINDOW_MS, pace.until?.getTime() ?? 0);
  if (fresh.length >= KILLS) {
    const factor = FACTORS[Math.min(FACTORS.indexOf(pace.factor) + 1, FACTORS.length - 1)] ?? 16;
    return { ...pace, factor, cutAt: now, until: new Date(last + WINDOW_MS) };
  }
  if (pace.factor === 1) return pace;
  return until <= now.getTime()
    ? { ...pace, factor: 1, until: null, releasedAt: now }
    : { ...pace, until: new Date(until) };
}

/** Seconds between two checks. */
export function pacedIntervalS(intervalS: number, factor: number): number {
  return Math.min(intervalS * factor, Math.max(intervalS, SLOWEST_S));
}

/** One page a day: a tenant that recovers and is cut again is not told again before the next UTC day. */
export function mayTell(toldAt: Date | null, now: Date): boolean {
  return toldAt === null || toldAt.toISOString().slice(0, 10) < now.toISOString().slice(0, 10);
}
