import { expect, test } from "vitest";
import { readEnv } from "./env.ts";

const good = {
  TOCSIN_SECRET: "jV8mR2xQ9wLr4TnYb6ZsKd3HgFp7CaXe",
  TOCSIN_KEY_FILE: "/etc/tocsin/key",
  TOCSIN_URL: "https://tocsin.example.com",
  DATABASE_URL: "postgresql://owner:p@db:5432/tocsin",
  REDIS_URL: "redis://cache:6379",
  OIDC_ISSUER: "https://id.example.com",
  OIDC_CLIENT_ID: "tocsin",
  OIDC_CLIENT_SECRET: "client-secret-value",
};

test("a whole configuration is taken, and production is the mode when none is named", () => {
  expect(readEnv(good)).toMatchObject({
    TOCSIN_MODE: "production",
    TOCSIN_REGIONS: ["local"],
    TOCSIN_PAGERDUTY_SERVER: "events.pagerduty.com",
  });
});

test.each(Object.keys(good))("without %s it is refused by that name", (name) => {
  expect(() => readEnv({ ...good, [name]: undefined })).toThrow(name);
  expect(() => readEnv({ ...good, [name]: "" })).toThrow(name);
});

test.each([
  ["a short secret", { TOCSIN_SECRET: "short" }, /TOCSIN_SECRET is too short/],
  ["a simple secret", { TOCSIN_SECRET: "a".repeat(64) }, /TOCSIN_SECRET is too simple/],
  ["a URL that is none", { TOCSIN_URL: "tocsin" }, /TOCSIN_URL must be a URL/],
  ["an unknown mode", { TOCSIN_MODE: "prod" }, /TOCSIN_MODE/],
  ["a range that is none", { TOCSIN_DENIED_RANGES: "203.0.113.0/24, here" }, /TOCSIN_DENIED_RANGES must hold ranges/],
  ["a crash point in production", { TOCSIN_CRASH_AT: "after_seal" }, /TOCSIN_CRASH_AT is for tests/],
])("%s is refused by name", (_what, change, message) => {
  expect(() => readEnv({ ...good, ...change })).toThrow(message);
});

test("several faults are named at once and no value is repeated", () => {
  try {
    readEnv({ ...good, TOCSIN_SECRET: "hunter2hunter2", DATABASE_URL: "not-a-url-with-password-hunter3" });
    expect.unreachable();
  } catch (error) {
    expect(String(error)).toMatch(/TOCSIN_SECRET.*DATABASE_URL|DATABASE_URL.*TOCSIN_SECRET/);
    expect(String(error)).not.toMatch(/hunter/);
  }
});
