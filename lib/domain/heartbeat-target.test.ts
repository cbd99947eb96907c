import { expect, test } from "vitest";
import { existenceOf, heartbeatInput, type HeartbeatPlace, pingOf, problemOf } from "./heartbeat-target.ts";

const BASES = {
  opsgenieUs: "https://api.opsgenie.com",
  opsgenieEu: "https://api.eu.opsgenie.com",
  jsm: "https://api.atlassian.com/jsm/ops/integration",
};
const CLOUD = "11111111-1111-4111-8111-111111111111";
const TEAM = "22222222-2222-4222-8222-222222222222";
const place = (given: Partial<HeartbeatPlace>): HeartbeatPlace => ({
  ...{ kind: "url", name: "night watch", config: {}, secret: "https://beat.example.com/abc" },
  ...given,
});

test("each kind is pinged where and as its service says", () => {
  expect(pingOf(place({ config: { method: "POST" } }), BASES)).toEqual({
    ...{ method: "POST", url: "https://beat.example.com/abc", headers: {} },
  });
  expect(pingOf(place({ kind: "opsgenie_eu", secret: "key" }), BASES)).toEqual({
    method: "POST",
    url: "https://api.eu.opsgenie.com/v2/heartbeats/night%20watch/ping",
    headers: { authorization: "GenieKey key" },
  });
  const config = { cloudId: CLOUD, teamId: TEAM, email: "ops@example.com" };
  expect(pingOf(place({ kind: "jsm", config, secret: "tökén" }), BASES)).toEqual({
    method: "GET",
    url: `https://api.atlassian.com/jsm/ops/api/${CLOUD}/v1/teams/${TEAM}/heartbeats/ping?name=night+watch`,
    headers: { authorization: `Basic ${Buffer.from("ops@example.com:tökén").toString("base64")}` },
  });
});

test("only OpsGenie is asked first whether there is such a heartbeat, by a look that pings nothing", () => {
  expect(existenceOf(place({}), BASES)).toBeNull();
  expect(existenceOf(place({ kind: "jsm" }), BASES)).toBeNull();
  expect(existenceOf(place({ kind: "opsgenie_us", name: "a/../b" }), BASES)).toMatchObject({
    ...{ method: "GET", url: "https://api.opsgenie.com/v2/heartbeats/a%2F..%2Fb" },
  });
});

test("what became of it is said without what was sent", () => {
  const status = (s: number) => problemOf({ kind: "response", status: s });
  expect([200, 202, 204].map(status)).toEqual(["", "", ""]);
  expect(status(404)).toMatch(/no such heartbeat/);
  expect(status(401)).toMatch(/refuses the key/);
  expect(status(500)).toMatch(/answered 500/);
  expect(problemOf({ kind: "failure", code: "ECONNREFUSED" })).toMatch(/could not be reached \(ECONNREFUSED\)/);
});

test.each<[string, Record<string, unknown>]>([
  ["a URL that is none", { kind: "url", name: "x", secret: "beat.example.com" }],
  ["another scheme", { kind: "url", name: "x", secret: "file:///etc/passwd" }],
  ["a method that changes things", { kind: "url", name: "x", secret: "https://a.example", method: "DELETE" }],
  ["a name of control characters", { kind: "url", name: "\u0000\u202e", secret: "https://a.example" }],
  ["a key with a line break", { kind: "opsgenie_us", name: "x", secret: "0f0f0f0f0f0f0f0f0f0f0\nX: y" }],
  [
    "a cloud id that walks elsewhere",
    { kind: "jsm", name: "x", cloudId: "../..", teamId: TEAM, email: "a@b.example", secret: "0123456789" },
  ],
  ["a field of another kind", { kind: "url", name: "x", secret: "https://a.example", teamId: TEAM }],
  ["a kind that is none", { kind: "ftp", name: "x", secret: "y" }],
])("%s is refused", (_what, input) => {
  expect(heartbeatInput.safeParse(input).success).toBe(false);
});
