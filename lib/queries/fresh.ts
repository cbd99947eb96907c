// What a stored verdict is still worth. "Not checked" is computed when it is read: a verdict older than two intervals
// (and a little grace for sealing) is shown as unknown, so that nothing stays green because a writer has stopped.
import type { Status } from "#lib/domain/reason";

export const SEALING_GRACE_MS = 30_000;

export interface Stored {
  status: string;
  reason: string | null;
  lastSlot: Date | null;
}

export interface Shown {
  status: Status;
  reason: string | null;
  /** True when the stored verdict was too old to be believed. */
  stale: boolean;
}

/** @param server its own interval in seconds; of a paused one nothing is known and nothing is wrong */
export function shown(stored: Stored | null, server: { intervalS: number; paused: boolean }, now: Date): Shown {
  if (server.paused) return { status: "unknown", reason: null, stale: false };
  if (stored === null || stored.lastSlot === null) return { status: "unknown", reason: "not_checked", stale: false };
  if (isStale(stored.lastSlot, server.intervalS, now)) return { status: "unknown", reason: "not_checked", stale: true };
  return { status: stored.status as Status, reason: stored.reason, stale: false };
}

/** A slot's verdict is known at its end, so two intervals are counted from there. */
export function isStale(slot: Date, intervalS: number, now: Date): boolean {
  return now.getTime() - slot.getTime() > 3 * intervalS * 1000 + SEALING_GRACE_MS;
}
