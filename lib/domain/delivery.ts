// One notice to one sink. pending -> sent | dead | withheld. `leased` is pending with an owner.
export const DELIVERY_STATES = ["pending", "leased", "sent", "dead", "withheld"] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** What a sink may remember: message ids, thread ids, which of its requests are done. JSON, at most 4 KB. */
export type SinkMemory = Record<string, string | number | boolean>;

/** What became of one request. `maybe`: the vendor may have done the work although no answer reached us. */
export type Judgement =
  | { verdict: "sent"; memory?: SinkMemory }
  /** `ours`: nothing was asked of the sink, so this says nothing of it. */
  | { verdict: "retry"; reason: string; afterS?: number; maybe: boolean; ours?: true }
  | { verdict: "dead"; reason: string; disablesSink: boolean };

export const RETRY_HORIZON_MS = 24 * 3_600_000;
const FIRST_MS = 5_000;
const CAP_MS = 3_600_000;

/**
 * When to try again: full jitter over an exponential ceiling (5 s doubling to 1 h), never before Retry-After.
 * null when the horizon (24 h from creation) is passed: the delivery is dead and waits for a redrive.
 * @param random uniform in [0,1)
 */
export function nextTryAt(
  now: Date,
  createdAt: Date,
  tries: number,
  random: number,
  retryAfterS?: number,
): Date | null {
  if (now.getTime() - createdAt.getTime() >= RETRY_HORIZON_MS) return null;
  const ceiling = Math.min(CAP_MS, FIRST_MS * 2 ** Math.max(0, Math.min(tries - 1, 30)));
  const jittered = Math.max(250, Math.floor(random * ceiling));
  const asked = Math.min((retryAfterS ?? 0) * 1000, CAP_MS * 4);
  return new Date(now.getTime() + Math.max(jittered, asked));
}
