// A server that asks us to slow down: how long it is not asked, and how long what was last known of it is still shown.
// PURE. "Not checked" is never green: both end after half an hour.

const MAX_MS = 30 * 60_000;
/** Without a word of the server's on when to come back. */
const SILENT_WAIT_MS = 2 * 60_000;
const SILENT_KEEP_MS = 10 * 60_000;

/** How long a server is left alone, ms. @param retryAfter its header: seconds or a date */
export function waitMs(retryAfter: string | undefined, now: Date): number {
  const said = retryAfter?.trim() ?? "";
  const ms = /^\d{1,9}$/.test(said)
    ? Number(said) * 1_000
    : said === ""
      ? Number.NaN
      : Date.parse(said) - now.getTime();
  return Number.isNaN(ms) ? SILENT_WAIT_MS : Math.min(Math.max(ms, 0), MAX_MS);
}

export interface LastKnown {
  status: string;
  evidence: string;
  lastSlot: Date | null;
  rateLimitedSince: Date | null;
}

/** What is shown while only 429 comes. @param saysWhen the server said when to come back */
export function whileLimited(
  known: LastKnown,
  slot: Date,
  saysWhen: boolean,
): { status: string; evidence: string | null; since: Date } {
  const since = known.rateLimitedSince ?? slot;
  const kept = slot.getTime() - since.getTime() < (saysWhen ? MAX_MS : SILENT_KEEP_MS);
  if (!kept || known.status === "unknown" || known.lastSlot === null)
    return { status: "unknown", evidence: null, since };
  const first = `Rate limited since ${clock(since)} UTC; last seen ${known.status} at ${clock(known.lastSlot)} UTC.`;
  return { status: known.status, evidence: known.rateLimitedSince === null ? first : known.evidence, since };
}

const clock = (at: Date) => at.toISOString().slice(11, 16);
