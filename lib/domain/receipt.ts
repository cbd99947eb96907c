// A vendor that answers "accepted" before it does the work gives a receipt. When it is asked what came of that, and for
// how long. Pure.

/** Seconds before each asking; after the last one nobody knows, and the delivery says so. */
const PAUSES_S = [2, 5, 15, 60, 300, 900, 900, 900, 900, 900, 900, 900] as const;
/** A page that the vendor did not do after all is sent again so many times, then it is dead. */
export const SEND_AGAIN = 3;
export const SEND_AGAIN_AFTER_MS = 30_000;

/** confirmed: done. nothing_there: what was to be changed is gone there. failed: it was not done. later: not known yet. */
export type Receipt =
  | { verdict: "confirmed" }
  | { verdict: "later" }
  | { verdict: "nothing_there" | "failed"; reason: string };

/** @param asked how often before @returns null: it was asked often enough */
export function askAt(asked: number, after: Date): Date | null {
  const pause = PAUSES_S[asked];
  return pause === undefined ? null : new Date(after.getTime() + pause * 1_000);
}
