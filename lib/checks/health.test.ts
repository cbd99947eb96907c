import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { FAMILY_NAMES, familiesAsMarkdown, family, type FamilyName } from "../domain/extra-check/families.ts";
import { healthSettings, type HealthSettings, healthUrl } from "../domain/extra-check/health-url.ts";
import { judgeHealth } from "./health.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const settings = (given: Record<string, unknown>): HealthSettings =>
  healthSettings.parse({ url: "https://x.example/health", family: "plain", ...given });
const judged = (given: Record<string, unknown>, body: unknown, status = 200, latencyMs = 5) =>
  judgeHealth(
    settings(given),
    { status, body: typeof body === "string" ? body : JSON.stringify(body), cut: false, latencyMs },
    NOW,
  );

test("a page that is no JSON is never quoted, a sentence in JSON is", () => {
  expect(judged({}, "<h1>pay slip of somebody else</h1>", 500).detail).toBe("HTTP 500.");
  expect(judged({}, { error: "disk full" }, 500).detail).toContain("disk full");
});

describe("each family has a body that turns it red and one that does not", () => {
  const BODIES: Partial<Record<FamilyName, [green: unknown, red: unknown[]]>> = {
    plain: [{ status: "ok" }, [{ status: "degraded" }, { healthy: false }, { state: "DOWN" }]],
    browser: [{ launched: true }, [{ launched: false }, {}]],
    image: [{ bytes: 812 }, [{ bytes: 0 }, { bytes: "many" }]],
    pdf: [{ pages: 1 }, [{ pages: 0 }]],
    object_store: [
      { written: true, read: true },
      [
        { written: true, read: false },
        { written: false, read: true },
      ],
    ],
    media: [{ decoded: true }, [{ decoded: "yes" }]],
    database: [{ connected: true }, [{ connected: false }]],
    connection_pool: [{ waiting: 0 }, [{ waiting: 1 }]],
    jobs: [{ sentinel_age_s: 30 }, [{ sentinel_age_s: 31 }]],
    workflows: [{ idle_s: 3600 }, [{ idle_s: 3601 }]],
    approvals: [
      { oldest_waiting_s: 60, undeliverable: 0 },
      [
        { oldest_waiting_s: 90_000, undeliverable: 0 },
        { oldest_waiting_s: 0, undeliverable: 1 },
      ],
    ],
    security: [{ rejections_per_min: 9, usual_per_min: 3 }, [{ rejections_per_min: 10, usual_per_min: 3 }]],
    pipelines: [{ age_s: 900, quiet_s: 300 }, [{ age_s: 901, quiet_s: 300 }, { age_s: 1 }]],
    replica_lag: [{ lag_s: 30 }, [{ lag_s: 30.5 }]],
    cdc: [
      { slot_active: true, lag_s: 3 },
      [
        { slot_active: false, lag_s: 3 },
        { slot_active: true, lag_s: 61 },
      ],
    ],
    retrieval: [{ hits: 1 }, [{ hits: 0 }]],
    tenant_saas: [
      { row_security: { foreign_rows: 0 }, metering: { lag_s: 5 }, billing: { reported_ago_s: 600 } },
      [
        { row_security: { foreign_rows: 1 }, metering: { lag_s: 5 }, billing: { reported_ago_s: 5 } },
        { row_security: { foreign_rows: 0 }, metering: { lag_s: 601 }, billing: { reported_ago_s: 5 } },
        { row_security: { foreign_rows: 0 }, metering: { lag_s: 5 }, billing: { reported_ago_s: 601 } },
      ],
    ],
    auth: [
      { keys: [{ kty: "EC", kid: "1", x: "…" }] },
      [{ keys: [] }, { keys: [{ kty: "EC" }] }, { keys: [{ kid: "1", d: "private" }] }],
    ],
  };

  test("and none of those that are asked over HTTP is left out here", () => {
    expect(Object.keys(BODIES).sort()).toEqual(FAMILY_NAMES.filter((n) => family(n).via === "http").sort());
  });
  test.each(Object.entries(BODIES))("%s", (name, [green, red]) => {
    expect(judged({ family: name }, green)).toMatchObject({ status: "up", cause: null });
    for (const body of red)
      expect(judged({ family: name }, body), JSON.stringify(body)).toMatchObject({ status: "degraded" });
  });
  test("and is looked at each minute to each five", () => {
    for (const name of FAMILY_NAMES) expect([60, 120, 180, 240, 300]).toContain(family(name).everyS);
  });
});

describe("status and body are both read", () => {
  test.each<[string, Record<string, unknown>, unknown, number, string | null]>([
    ["a 503 is red whatever the body says", {}, { status: "ok" }, 503, "health_status"],
    ["a 200 whose body says degraded is red", {}, { status: "degraded" }, 200, "health_body"],
    ["a 200 with a body that is no JSON is fine where no rule reads it", {}, "OK", 200, null],
    ["a rule over a body that is no JSON is red", { family: "jobs" }, "OK", 200, "health_body"],
    ["a redirect is red", {}, "", 302, "health_status"],
    ["a status that was named as good is fine", { statuses: "204, 418" }, "", 418, null],
    ["a 200 is red where only 204 is good", { statuses: "204" }, "", 200, "health_status"],
    ["a missing word is red", { contains: "ready" }, "not yet", 200, "health_body"],
    ["a word that is there is fine", { contains: "ready" }, "all ready", 200, null],
    ["a warning is red", {}, { status: "warn" }, 200, "health_body"],
    ["a word that nobody knows is left to the rules", {}, { status: "purple" }, 200, null],
    ["ok: false is red", {}, { ok: false }, 200, "health_body"],
    [
      "a time that cannot be made text is none",
      { rules: '[{"path":"$.at","olderThanS":9}]' },
      { at: { toString: 1 } },
      200,
      "health_body",
    ],
  ])("%s", (_what, given, body, status, cause) => {
    expect(judged(given, body, status).cause).toBe(cause);
  });
  test("later than its limit is red, and at its limit not", () => {
    expect(judged({ family: "database" }, { connected: true }, 200, 2_001).cause).toBe("health_slow");
    expect(judged({ family: "database" }, { connected: true }, 200, 2_000).cause).toBeNull();
    expect(judged({ family: "database", maxMs: "50" }, { connected: true }, 200, 51).cause).toBe("health_slow");
  });
  test("a body that was cut satisfies no rule", () => {
    const cut = { status: 200, body: '{"waiting":0}', cut: true, latencyMs: 1 };
    expect(judgeHealth(settings({ family: "connection_pool" }), cut, NOW).cause).toBe("health_body");
  });
  test("nesting without end is no body that can be read", () => {
    expect(judged({ family: "jobs" }, `${"[".repeat(5_000)}${"]".repeat(5_000)}`).cause).toBe("health_body");
  });
});

describe("rules of one's own", () => {
  const rule = (r: object, body: unknown) => judged({ rules: JSON.stringify([r]) }, body).status;
  test.each<[object, unknown, unknown]>([
    [{ path: "$.a", in: ["bad"] }, { a: "fine" }, { a: "BAD" }],
    [{ path: "$.a", notIn: ["ok", 1] }, { a: "OK" }, { a: 2 }],
    [{ path: "$.a", empty: true }, { a: [0] }, { a: [] }],
    [{ path: "$.at", olderThanS: 60 }, { at: "2026-11-21T11:59:30Z" }, { at: "2026-11-21T11:58:30Z" }],
    [{ path: "$.at", olderThanS: 60 }, { at: NOW / 1000 - 59 }, { at: NOW - 61_000 }],
    [{ path: "$.at", olderThanS: 60 }, { at: NOW }, { at: "yesterday" }],
    [{ path: "$.parts[*].lag", above: 5 }, { parts: [{ lag: 1 }, { lag: 5 }] }, { parts: [{ lag: 1 }, { lag: 6 }] }],
    [{ path: "$.a", above: 5, optional: true }, {}, { a: 6 }],
  ])("%j", (r, green, red) => {
    expect([rule(r, green), rule(r, red)]).toEqual(["up", "degraded"]);
  });
  test.each<[string, Record<string, unknown>, string]>([
    ["rules that are no list", { rules: '{"path":"$"}' }, "rules"],
    ["a rule without a path", { rules: '[{"above":1}]' }, "rules"],
    ["a word that no rule knows", { rules: '[{"path":"$.a","over":1}]' }, "rules"],
    ["a path with a regular expression", { rules: '[{"path":"$[?match(@.a, \'(a+)+\')]","above":1}]' }, "rules"],
    ["no address where one is asked", { url: "" }, "url"],
    ["an address where the conversation itself is asked", { family: "resources" }, "url"],
    ["completions of nothing", { family: "completions", url: "" }, "prompt"],
    ["an address with a password", { url: "https://u:p@x.example/" }, "url"],
    ["a family that nobody knows", { family: "constructor" }, "family"],
  ])("%s are refused", (_what, given, field) => {
    const result = healthUrl.settings.safeParse({ family: "plain", url: "https://x.example/health", ...given });
    expect(result.error?.issues.map((i) => i.path[0])).toContain(field);
  });
});

test("docs/presets.md prints the table as it is", () => {
  const printed = readFileSync(new URL("../../docs/presets.md", import.meta.url), "utf8");
  expect(printed).toContain(familiesAsMarkdown());
});
