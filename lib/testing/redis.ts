// The runner's Redis, with a prefix of its own per test file; keys are removed afterwards.
import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";

export interface TestRedis {
  url: string;
  redis: Redis;
  prefix: string;
  close(): Promise<void>;
}

export function testRedis(): TestRedis {
  const url = process.env.TOCSIN_TEST_REDIS_URL;
  if (!url) throw new Error("TOCSIN_TEST_REDIS_URL is not set: run the tests through `npm test`, which starts Redis.");
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  const prefix = `t${randomBytes(5).toString("hex")}`;
  return {
    url,
    redis,
    prefix,
    async close() {
      for (const pattern of [`${prefix}:*`, `{${prefix}*`]) {
        const keys = await redis.keys(pattern);
        if (keys.length > 0) await redis.del(...keys);
      }
      redis.disconnect();
    },
  };
}
