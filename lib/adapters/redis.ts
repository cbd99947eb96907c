// Redis holds hot state only: queues, slot buckets, wake-ups. Losing it loses at most unsealed slots.
import { Redis } from "ioredis";
import { env } from "./env.ts";

/** @param blocking for BullMQ workers and XREADGROUP BLOCK, which must wait for ever instead of failing. */
export function openRedis(url = env().REDIS_URL, options: { blocking?: boolean } = {}): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: options.blocking === true ? null : 3,
    retryStrategy: (times) => Math.min(1000, 50 * times),
    enableReadyCheck: true,
  });
  redis.on("error", () => {}); // Each command reports its own failure; an unheard 'error' would end the process.
  return redis;
}

/** Every key of this installation begins with it. */
export function redisPrefix(): string {
  return env().TOCSIN_REDIS_PREFIX;
}
