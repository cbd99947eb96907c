// Runs of bad and good slots: N bad ones fire, M good ones clear. Flips in the last hour tell a flapping server.
//
// An alternating feed must not page again and again, and a real outage must not wait because of it. So once a server
// has gone bad for the second time within an hour, one bad slot alone never opens (N is at least 2), which delays
// nobody whose N is 2 or more; and once it flaps, clearing takes twice as long, which delays no page at all.
export type Vote = "bad" | "good" | "none";

export interface Streaks {
  bad: number;
  good: number;
  /** Epoch ms of the slots at which bad turned good or good bad, last hour, oldest first. */
  flips: number[];
}

const HOUR_MS = 3_600_000;
const KEPT_FLIPS = 20;
export const FLAPPING_FLIPS = 4;
const SECOND_FALL_FLIPS = 3;

/** A vote of none changes nothing: it is no look. */
export function advance(before: Streaks, vote: Vote, slot: number): Streaks {
  const flips = before.flips.filter((at) => at > slot - HOUR_MS && at < slot);
  if (vote === "none") return { ...before, flips };
  const turned = vote === "bad" ? before.bad === 0 : before.bad > 0;
  return {
    bad: vote === "bad" ? before.bad + 1 : 0,
    good: vote === "good" ? before.good + 1 : 0,
    flips: (turned ? [...flips, slot] : flips).slice(-KEPT_FLIPS),
  };
}

/** Slots that are so far apart are not in a row: nobody looked in between, so a run begins anew. */
const GAP_SLOTS = 5;
const GAP_MS = 600_000;

/** @param last the slot that was decided before; null: none */
export function unbroken(before: Streaks, last: Date | null, slot: Date, intervalMs: number): Streaks {
  const away = last === null ? 0 : slot.getTime() - last.getTime();
  return away > Math.max(GAP_MS, GAP_SLOTS * intervalMs) ? { ...before, bad: 0, good: 0 } : before;
}

/** Just registered or resumed: not every region has looked yet, and what they say is watched before it opens anything. */
export const isNew = (watchedFrom: Date | undefined, slot: Date, intervalMs: number): boolean =>
  watchedFrom !== undefined && slot.getTime() < watchedFrom.getTime() + intervalMs;

export const isFlapping = (streaks: Streaks): boolean => streaks.flips.length >= FLAPPING_FLIPS;

/** @returns how many bad slots in a row open an incident now */
export function toFire(streaks: Streaks, fireAfter: number): number {
  return streaks.flips.length >= SECOND_FALL_FLIPS ? Math.max(fireAfter, 2) : fireAfter;
}

/** @returns how many good slots in a row close it now */
export function toClear(streaks: Streaks, clearAfter: number): number {
  return isFlapping(streaks) ? clearAfter * 2 : clearAfter;
}
