import { describe, expect, it } from "vitest";
import { plan, type Settings } from "./settings.ts";

const secrets = {
  tocsinSecret: "0123456789abcdefghijklmnopqrstuvwxyzABCDEF",
  keyFile: "/tmp/key",
  oidcClientSecret: "zyxwvutsrqponmlkjihgfedcba9876543210",
  fleetApiKey: "k",
  controlToken: "t",
};
const production: Settings = {
  TOCSIN_MODE: "production",
  TOCSIN_SECRET: secrets.tocsinSecret,
  TOCSIN_KEY_FILE: "/etc/tocsin/key",
  TOCSIN_URL: "https://tocsin.example.com",
  DATABASE_URL: "postgresql://owner:x@db.example.com/tocsin",
  REDIS_URL: "redis://cache.example.com",
  OIDC_ISSUER: "https://login.example.com",
  OIDC_CLIENT_ID: "tocsin",
  OIDC_CLIENT_SECRET: "given",
};

describe("what a start brings itself", () => {
  const all = { postgres: true, redis: true, identityProvider: true, inbox: true, fleet: true };
  const cases: [string, Settings, Partial<typeof all>][] = [
    ["everything, when nothing is given", {}, {}],
    ["no PostgreSQL, when DATABASE_URL is given", { DATABASE_URL: production.DATABASE_URL }, { postgres: false }],
    ["no Redis, when REDIS_URL is given", { REDIS_URL: "redis://127.0.0.1" }, { redis: false }],
    [
      "no identity provider, when OIDC_ISSUER is given",
      { OIDC_ISSUER: "https://login.example.com", OIDC_CLIENT_ID: "a", OIDC_CLIENT_SECRET: "b" },
      { identityProvider: false },
    ],
    ["PostgreSQL still, when DATABASE_URL is empty", { DATABASE_URL: "" }, {}],
  ];
  it.each(cases)("is %s", (_title, given, differs) => {
    expect(plan(given, secrets).own).toEqual({ ...all, ...differs });
  });

  it("is nothing of development in production", () => {
    expect(plan(production, null)).toMatchObject({
      mode: "production",
      own: { postgres: false, redis: false, identityProvider: false, inbox: false, fleet: false },
    });
  });
});

describe("a start ends by naming the setting", () => {
  const bad: [string, Settings, "production" | "development"][] = [
    ["TOCSIN_SECRET", { ...production, TOCSIN_SECRET: undefined }, "production"],
    ["TOCSIN_SECRET", { ...production, TOCSIN_SECRET: "short" }, "production"],
    ["TOCSIN_SECRET", { TOCSIN_SECRET: "a".repeat(60) }, "development"],
    ["TOCSIN_KEY_FILE", { ...production, TOCSIN_KEY_FILE: "" }, "production"],
    ["OIDC_ISSUER", { ...production, OIDC_ISSUER: undefined }, "production"],
    ["OIDC_CLIENT_SECRET", { OIDC_ISSUER: "https://login.example.com", OIDC_CLIENT_ID: "a" }, "development"],
    ["DATABASE_URL", { ...production, DATABASE_URL: "not a url" }, "production"],
    ["REDIS_URL", { ...production, REDIS_URL: undefined }, "production"],
    ["PORT", { PORT: "web" }, "development"],
    ["TOCSIN_CRASH_AT", { ...production, TOCSIN_CRASH_AT: "after_seal" }, "production"],
  ];
  it.each(bad)("%s", (name, given, mode) => {
    expect(() => plan(given, mode === "production" ? null : secrets)).toThrow(name);
  });

  it("without repeating its value", () => {
    expect(() => plan({ ...production, TOCSIN_SECRET: "hunter2-hunter2" }, null)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("hunter2") }),
    );
  });
});
