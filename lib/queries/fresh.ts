// What a stored verdict is still worth. "Not checked" is computed when it is read: a verdict older than two intervals
// (and a little grace for sealing) is shown as unknown, so that nothing stays green because a writer has stopped.
import type { Reason, Status } from "#lib/domain/reason";

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

/** Written over a verdict while nobody looks: they say why, so they outlive its age. */
const WHY_NOT_CHECKED: readonly string[] = ["worker_stopped", "region_stopped", "prober_fault"] satisfies Reason[];

/** @param server its own interval in seconds; of a paused one nothing is known and nothing is wrong */
export function shown(stored: Stored | null, server: { intervalS: number; paused: boolean }, now: Date): Shown {
  if (server.paused) return { status: "unknown", reason: null, stale: false };
  const stopped = stored?.status === "unknown" && WHY_NOT_CHECKED.includes(stored.reason ?? "");
  const reason = stopped ? stored.reason : "not_checked";
  if (stored === null || stored.lastSlot === null) return { status: "unknown", reason, stale: false };
  if (isStale(stored.lastSlot, server.intervalS, now)) return { status: "unknown", reason, stale: true };
  return { status: stored.status as Status, reason: stored.reason, stale: false };
}

/** A slot's verdict is known at its end, so two intervals are counted from there. */
export function isStale(slot: Date, intervalS: number, now: Date): boolean {
  return now.getTime() - slot.getTime() > 3 * intervalS * 1000 + SEALING_GRACE_MS;
}
