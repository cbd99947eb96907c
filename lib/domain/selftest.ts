// A made-up alert goes the real road twice a minute: scheduler, stream, pipeline, database, outbox, a socket. What its
// rows say about the road. Pure.
export const EVERY_MS = 30_000;
/** A test that has begun and is not seen by then does not come through. */
const GRACE_MS = 15_000;
/** With one due every 30 s, none for so long means that nothing is scheduled any more. */
const NONE_MS = EVERY_MS + 10_000;
/** The installation's heartbeat may go out for so long after a test was seen: past it, two in a row are missing. */
const FRESH_MS = 75_000;
/** A page of its own comes later than the console's word: a restart is no alert. */
const MISSED_MS = 150_000;

export const SELFTEST_SINK = "00000000-0000-4000-8000-0000000000b1";
export const SELFTEST_KEY = "tocsin-selftest-";

export interface SelftestFacts {
  /** The newest one; null: there has never been one. */
  newest: { at: Date; step: "scheduled" | "decided" | "seen" } | null;
  lastSeenAt: Date | null;
}

/** What does not move, as one sentence for whoever runs the installation; null: the road is open, or was never tried. */
export function stuckPart({ newest }: SelftestFacts, now: Date): string | null {
  if (newest === null) return null;
  const age = now.getTime() - newest.at.getTime();
  if (age > NONE_MS) return "Nothing is scheduled any more: no server is looked at. See whether the worker runs.";
  if (newest.step === "seen" || age <= GRACE_MS) return null;
  return newest.step === "scheduled"
    ? "Nothing is decided any more: a failing server would open no incident. See the worker's log."
    : "Notices do not leave: whoever should be told is not. See the worker's log and the deliveries.";
}

/** Did one come all the way just now? */
export const cameThrough = ({ lastSeenAt }: SelftestFacts, now: Date): boolean =>
  lastSeenAt !== null && now.getTime() - lastSeenAt.getTime() <= FRESH_MS;

/** @param since when this process began to watch: before that nothing was owed to it */
export function missed({ lastSeenAt, newest }: SelftestFacts, since: Date, now: Date): boolean {
  if (newest === null) return false;
  return now.getTime() - Math.max(since.getTime(), lastSeenAt?.getTime() ?? 0) > MISSED_MS;
}
