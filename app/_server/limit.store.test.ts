// Tries before sign-in are counted per line and kind, over processes while Redis is there and in each one while it is not.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type TestDatabase, testDatabase } from "../../lib/testing/database.ts";
import { type TestRedis, testRedis } from "../../lib/testing/redis.ts";
import { testSettings } from "../../lib/testing/settings.ts";

vi.mock("server-only", () => ({}));

let db: TestDatabase;
let redis: TestRedis;
let forgetKey: () => void;
beforeAll(async () => {
  db = await testDatabase();
  redis = testRedis();
  forgetKey = testSettings(db);
  Object.assign(process.env, { REDIS_URL: redis.url, TOCSIN_REDIS_PREFIX: redis.prefix });
});
afterEach(() => {
  delete (globalThis as { tocsinLimits?: unknown }).tocsinLimits;
});
afterAll(async () => {
  await redis.close();
  await db.close();
  forgetKey();
});

/** A fresh process, as far as the limits know. @returns how many of so many tries got through, and what the last said */
async function tries(count: number, key: string): Promise<{ through: number; last: unknown }> {
  const { limitBefore } = await import("./limit.ts");
  let through = 0;
  let last: unknown = null;
  for (let i = 0; i < count; i++)
    await limitBefore("break_glass", key).then(
      () => through++,
      (error: unknown) => {
        last = error;
      },
    );
  return { through, last };
}

test("the sixth try at the emergency door within a quarter of an hour is refused, and says how long to wait", async () => {
  const { through, last } = await tries(6, "198.51.100.7");
  expect(through).toBe(5);
  expect(last).toMatchObject({ code: "E_RATE_LIMITED", httpStatus: 429 });
  const { retryAfterS } = last as { retryAfterS: number };
  expect(retryAfterS).toBeGreaterThan(800);
  expect(retryAfterS).toBeLessThanOrEqual(900);
  const { problem } = await import("./problem.ts");
  expect(problem(last as never).headers.get("retry-after")).toBe(String(retryAfterS));
});

test("another process counts on where the first stopped, and another line from the start", async () => {
  await tries(4, "198.51.100.8");
  delete (globalThis as { tocsinLimits?: unknown }).tocsinLimits;
  expect((await tries(4, "198.51.100.8")).through).toBe(1);
  expect((await tries(4, "198.51.100.9")).through).toBe(4);
});

test("while Redis is away this process counts by itself", async () => {
  const { env } = await import("#lib/adapters/env");
  const was = env().REDIS_URL;
  env().REDIS_URL = "redis://127.0.0.1:1";
  try {
    expect((await tries(8, "198.51.100.10")).through).toBe(5);
  } finally {
    env().REDIS_URL = was;
  }
});

describe("one person's line", () => {
  test.each([
    ["is an address of IPv4", "198.51.100.7", "198.51.100.7"],
    ["is a /64 of IPv6", "2001:db8:1:2:aaaa::1", "32.1.13.184.0.1.0.2"],
    ["whatever stands behind it", "2001:db8:1:2:bbbb::9", "32.1.13.184.0.1.0.2"],
    ["is the IPv4 address also where it came mapped", "::ffff:198.51.100.7", "198.51.100.7"],
    ["is one for all whose address is not known", "evil", "unknown"],
  ])("%s", async (_, address, key) => {
    const { addressKey } = await import("./limit.ts");
    expect(addressKey(new Headers({ "x-tocsin-address": address }))).toBe(key);
  });
});
