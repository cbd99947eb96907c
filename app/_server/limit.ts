// Limits that hold before anybody has proven who they are: by source address (IPv6 by /64), in Redis so that they hold
// over processes, and in this process's memory while Redis is away.
import "server-only";
import { setTimeout as wait } from "node:timers/promises";
import ipaddr from "ipaddr.js";
import { RateLimiterMemory, RateLimiterRedis, type RateLimiterAbstract, RateLimiterRes } from "rate-limiter-flexible";
import { openRedis, redisPrefix } from "#lib/adapters/redis";
import { TocsinError } from "#lib/domain/error";
import { sourceAddress } from "./from.ts";

/** How many in how many seconds, for one key. */
const LIMITS = {
  sign_in: { points: 120, duration: 60 },
  callback: { points: 120, duration: 60 },
  back_channel: { points: 120, duration: 60 },
  scim: { points: 1_200, duration: 60 },
  scim_stranger: { points: 30, duration: 60 },
  break_glass: { points: 5, duration: 900 },
  confirm: { points: 60, duration: 60 },
  origin: { points: 30, duration: 60 },
  report: { points: 60, duration: 60 },
  calendar: { points: 240, duration: 60 },
  hook_stranger: { points: 60, duration: 60 },
} as const satisfies Record<string, { points: number; duration: number }>;
export type LimitKind = keyof typeof LIMITS;

interface Limits {
  of: Map<LimitKind, RateLimiterAbstract>;
  /** Redis answers, or has had its time to. */
  begun: Promise<void>;
}
const held = globalThis as typeof globalThis & { tocsinLimits?: Limits };
const BEGIN_MS = 1_000;

/**
 * Counts this try.
 * @param key whom it is counted for: `addressKey(headers)`, or the name of an account
 * @throws TocsinError E_RATE_LIMITED with the seconds to wait
 */
export async function limitBefore(kind: LimitKind, key: string): Promise<void> {
  held.tocsinLimits ??= limiters();
  await held.tocsinLimits.begun; // The first tries of a process count with those of the others.
  try {
    await held.tocsinLimits.of.get(kind)?.consume(key.slice(0, 200));
  } catch (refused) {
    // Neither store answers: what cannot be counted is let through, and what it does is authorised all the same.
    if (!(refused instanceof RateLimiterRes)) return;
    const retryAfterS = Math.max(1, Math.ceil(refused.msBeforeNext / 1000));
    throw new TocsinError("E_RATE_LIMITED", `Too many tries from here. Wait ${retryAfterS} s and try again.`, {
      detail: kind,
      retryAfterS,
    });
  }
}

/** One person's line is one IPv4 address or one IPv6 /64. Where the address is not known, all share one key. */
export function addressKey(headers: Headers): string {
  const address = sourceAddress(headers);
  if (address === "") return "unknown";
  const parsed = ipaddr.process(address);
  if (parsed.kind() === "ipv4") return parsed.toString();
  return parsed.toByteArray().slice(0, 8).join(".");
}

function limiters(): Limits {
  const redis = openRedis();
  const ready = new Promise<void>((resolve) => redis.once("ready", () => resolve()));
  const begun = Promise.race([ready, wait(BEGIN_MS, undefined, { ref: false })]);
  const of = new Map(
    (Object.keys(LIMITS) as LimitKind[]).map((kind) => {
      const { points, duration } = LIMITS[kind];
      return [
        kind,
        new RateLimiterRedis({
          storeClient: redis,
          rejectIfRedisNotReady: true,
          keyPrefix: `${redisPrefix()}:limit:${kind}`,
          points,
          duration,
          insuranceLimiter: new RateLimiterMemory({ points, duration }),
        }),
      ] as const;
    }),
  );
  return { of, begun };
}
