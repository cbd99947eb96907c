// Connections that are kept for a second between requests to receivers that recognise a repeat: under a storm, opening
// one for each page costs more than the page. Kept apart by origin, address policy and authorities, so that no request
// leaves by a connection that its own rules would not have opened; an allowance that is taken back counts within seconds.
import type { Agent } from "undici";
import { monotonicMs } from "./clock.ts";
import { type AddressPolicy, guardedDispatcher } from "./http.ts";

const IDLE_MS = 1_000;
/** However busy it is: addresses are looked up and judged anew. */
const MOST_AGE_MS = 10_000;
const MOST = 128;

interface Kept {
  agent: Agent;
  sinceMs: number;
}

const kept = new Map<string, Kept>();

/** @param origin of a URL that was judged by this policy */
export function keptDispatcher(
  origin: string,
  policy: AddressPolicy,
  ca: string | undefined,
  nowMs = monotonicMs(),
): Agent {
  const key = JSON.stringify([origin, policy.allow, ca ?? ""]);
  for (const [old, { agent, sinceMs }] of kept) {
    if (nowMs - sinceMs < MOST_AGE_MS && kept.size < MOST) break;
    kept.delete(old);
    // What is under way on it ends as it would have.
    void agent.close().catch(() => {});
  }
  const known = kept.get(key);
  if (known !== undefined) return known.agent;
  const agent = guardedDispatcher(policy, { ...(ca === undefined ? {} : { ca }), keptMs: IDLE_MS });
  kept.set(key, { agent, sinceMs: nowMs });
  return agent;
}
