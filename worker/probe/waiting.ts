// Around a region's prober: a server that answered 429 is not asked again before it said so. The word stands in Redis,
// for this region and server, and goes away by itself.
import type { Redis } from "ioredis";
import { now as clockNow } from "#lib/adapters/clock";
import { waitMs } from "#lib/domain/rate-limit";
import { waitedFor } from "./kept.ts";
import type { ProbeResult } from "./result.ts";
import type { Prober } from "./supervisor.ts";
import type { ProbeTarget } from "./transcript.ts";

export function waiting(pool: Prober, deps: { redis: Redis; prefix: string; region: string }): Prober {
  const key = (serverId: string) => `${deps.prefix}:wait:${deps.region}:${serverId}`;
  return {
    async run(targets, policy, events, wantSteps, turn) {
      if (targets.length === 0) return pool.run(targets, policy, events, wantSteps, turn);
      const until = await deps.redis.mget(targets.map((t) => key(t.serverId)));
      const asked: ProbeTarget[] = [];
      targets.forEach((target, i) => {
        const [at = 0, told = 0] = (until[i] ?? "").split(" ").map(Number);
        if (at > clockNow().getTime()) events.result(notAsked(target, at, told === 1));
        else asked.push(target);
      });
      const writes: Promise<unknown>[] = [];
      const result = (seen: ProbeResult) => {
        const said = retryAfter(seen);
        const ms = seen.judgement.reason === "rate_limited" ? waitMs(said, clockNow()) : 0;
        const word = `${clockNow().getTime() + ms} ${said === undefined ? 0 : 1}`;
        if (ms > 0) writes.push(waitedFor(deps.redis.set(key(seen.serverId), word, "PX", ms)));
        events.result(seen);
      };
      if (asked.length > 0) await pool.run(asked, policy, { ...events, result }, wantSteps, turn);
      // Forgetting it costs one request too many, and no outcome.
      await Promise.allSettled(writes);
    },
  };
}

function retryAfter(seen: ProbeResult): string | undefined {
  return seen.transcript.steps.findLast((s) => s.response?.status === 429)?.response?.headers["retry-after"];
}

/** @param told by the server itself, and not by our own guess: only then is what was known believed for longer */
function notAsked({ serverId }: ProbeTarget, until: number, told: boolean): ProbeResult {
  const retryAfterS = Math.ceil((until - clockNow().getTime()) / 1_000);
  const time = `${new Date(until).toISOString().slice(11, 16)} UTC`;
  const detail = told
    ? `Not asked: the server wants to be left alone until ${time}.`
    : `Not asked until ${time}: the server wants fewer requests and did not say when to come back.`;
  return {
    serverId,
    judgement: {
      ...{ status: "unknown", auth: "unknown", reason: "rate_limited", phase: "probe", tools: null },
      evidence: { cause: "rate_limited", ...(told && { retryAfterS }), detail },
    },
    transcript: {
      ...{ url: "", steps: [], timings: { totalMs: 0 }, era: null, protocolVersion: null, serverName: null },
      ...{ toolsTruncated: false, toolCount: null, credentialUsed: false, certificate: null, paginationLoop: false },
    },
  };
}
