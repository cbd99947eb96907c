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
        const at = Number(until[i] ?? 0);
        if (at > clockNow().getTime()) events.result(notAsked(target, at));
        else asked.push(target);
      });
      const writes: Promise<unknown>[] = [];
      const result = (seen: ProbeResult) => {
        const ms = seen.judgement.reason === "rate_limited" ? waitMs(retryAfter(seen), clockNow()) : 0;
        if (ms > 0) writes.push(waitedFor(deps.redis.set(key(seen.serverId), clockNow().getTime() + ms, "PX", ms)));
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

function notAsked({ serverId }: ProbeTarget, until: number): ProbeResult {
  const retryAfterS = Math.ceil((until - clockNow().getTime()) / 1_000);
  const detail = `Not asked: the server wants to be left alone until ${new Date(until).toISOString().slice(11, 16)} UTC.`;
  return {
    serverId,
    judgement: {
      ...{ status: "unknown", auth: "unknown", reason: "rate_limited", phase: "probe", tools: null },
      evidence: { cause: "rate_limited", retryAfterS, detail },
    },
    transcript: {
      ...{ url: "", steps: [], timings: { totalMs: 0 }, era: null, protocolVersion: null, serverName: null },
      ...{ toolsTruncated: false, toolCount: null, credentialUsed: false, certificate: null, paginationLoop: false },
    },
  };
}
