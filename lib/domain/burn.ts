// How fast a server uses up its error budget. Of every thousand minutes one may be bad (99.9 %); at more than five times
// that, over an hour and still within the last minutes, the month's budget is gone within days. PURE.
const SLO_BUDGET = 0.001;
const TIMES = 5;
export const BURN_WINDOW_MS = 3_600_000;
/** The short window, or three looks where these take longer: what is over burns nothing. */
export const MINUTES_MS = 300_000;
/** An hour of looks is few: one bad one is a blip, and bad ones within few minutes are told by other rules. */
const LEAST_BAD = 3;
const LEAST_SPAN_MS = 600_000;
const LEAST_SLOTS = 10;

export interface Hour {
  /** Slots in which somebody looked. */
  slots: number;
  /** Those that were bad, oldest first, without what another incident has told of. */
  bad: readonly Date[];
  burning: boolean;
}

export interface Burn {
  /** Times the rate that the budget bears. */
  rate: number;
  bad: number;
  slots: number;
}

/** @returns null when it does not burn; once it does, it goes on until the hour is all but clean, so that it never blinks */
export function burn({ slots, bad, burning }: Hour): Burn | null {
  const found = { rate: slots === 0 ? 0 : bad.length / slots / SLO_BUDGET, bad: bad.length, slots };
  if (burning) return bad.length > 1 ? found : null;
  const [first, last] = [bad[0], bad.at(-1)];
  if (first === undefined || last === undefined || bad.length < LEAST_BAD || slots < LEAST_SLOTS) return null;
  return found.rate > TIMES && last.getTime() - first.getTime() >= LEAST_SPAN_MS ? found : null;
}
