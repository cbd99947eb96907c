import { describe, expect, test } from "vitest";
import type { CredentialStep } from "./outcome.ts";
import type { Step } from "./transcript.ts";
import { type Findings, type Walked, type Wall, walkOf, wallOf } from "./wall.ts";

const step = (phase: Step["phase"], status?: number, more: Partial<Step> & { header?: string } = {}): Step => ({
  ...{ phase, title: phase, startMs: 0, durationMs: 1 },
  ...(status !== undefined && {
    response: { status, bytes: 0, bodyHead: "", headers: more.header ? { "www-authenticate": more.header } : {} },
  }),
  ...(more.error && { error: more.error }),
  ...(more.message !== undefined && { message: more.message }),
  ...(more.aside && { aside: true }),
});
const failed = (code: string) => ({ error: { code, detail: "" } });

describe("without a credential a server", () => {
  test.each<[what: string, steps: Step[], tools: unknown[] | null, certificate: boolean, met: Wall["met"] | null]>([
    ["that says 401", [step("discover", 401, { header: "Bearer a=b" })], null, false, "challenge"],
    ["that says 403", [step("discover", 403)], null, false, "forbidden"],
    ["that says 401 in passing only", [step("discover", 401, { aside: true }), step("list", 200)], [], false, "open"],
    ["that says 401 at its tools", [step("initialize", 200), step("list", 401)], null, false, "challenge"],
    ["that lists its tools", [step("discover", 200), step("list", 200)], [], false, "open"],
    ["that says 429", [step("discover", 429)], null, false, "limited"],
    [
      "that says so by JSON-RPC",
      [step("initialize", 200), step("list", 200, { message: { error: { code: -32001, message: "Unauthorized" } } })],
      null,
      false,
      "jsonrpc",
    ],
    [
      "that ends TLS with an alert",
      [step("tls", undefined, failed("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"))],
      null,
      false,
      "tls",
    ],
    [
      "that hangs up, a certificate being stored",
      [step("tls"), step("discover", undefined, failed("ECONNRESET"))],
      null,
      true,
      "tls",
    ],
    [
      "that hangs up, none being stored",
      [step("tls"), step("discover", undefined, failed("ECONNRESET"))],
      null,
      false,
      null,
    ],
    ["that is not reached", [step("connect", undefined, failed("ECONNREFUSED"))], null, false, null],
    ["that answers 500", [step("discover", 500)], null, false, "other"],
  ])("%s", (_what, steps, tools, certificate, met) => {
    expect(wallOf({ steps, tools }, 1, certificate)?.met ?? null).toBe(met);
  });
});

const WALL: Wall = { at: 1, met: "challenge", phase: "discover", status: 401, challenge: 'Bearer realm="x"' };
const FINDINGS: Findings = { at: 1, cause: "with_prm", problem: "", resource: null, servers: [], requests: 2 };
const TOOLS = { count: 2, contractHash: "c", fullHash: "f", names: [] };
const good: Walked = {
  transcript: { steps: [step("dns"), step("tls")], era: "modern", toolCount: 2, url: "https://x.example/mcp" },
  judgement: { status: "up", reason: null, phase: null, tools: TOOLS, detail: "" },
  wall: WALL,
  findings: FINDINGS,
  kind: "bearer",
  call: {
    id: "1",
    kind: "canary",
    name: "ping",
    status: "up",
    reason: null,
    phase: null,
    evidence: {},
    latencyMs: 1,
    at: 1,
  },
  expectedHash: "f",
};
const bad = (phase: string, reason: Walked["judgement"]["reason"], status: "degraded" | "down" = "degraded") => ({
  judgement: { status, reason, phase, tools: null, detail: "seen" },
});

describe("the walk", () => {
  test("is healthy when all eight steps pass", () => {
    const walk = walkOf(good);
    expect(walk).toMatchObject({ result: "healthy", failedStep: null });
    expect(walk.steps.map((s) => [s.step, s.state])).toEqual(
      ["dns", "tls", "challenge", "discovery", "handshake", "tools", "call", "compare"].map((s) => [s, "passed"]),
    );
  });

  test.each<[what: string, more: Partial<Walked>, result: string, step: CredentialStep | null]>([
    [
      "a name that does not resolve",
      {
        ...bad("dns", "dns_failure", "down"),
        transcript: {
          ...good.transcript,
          steps: [step("dns", undefined, failed("ENOTFOUND"))],
          era: null,
          toolCount: null,
        },
      },
      "broken",
      "dns",
    ],
    [
      "bad TLS",
      {
        ...bad("tls", "tls_invalid", "down"),
        transcript: {
          ...good.transcript,
          steps: [step("tls", undefined, failed("CERT_HAS_EXPIRED"))],
          era: null,
          toolCount: null,
        },
      },
      "broken",
      "tls",
    ],
    ["a bare 401", { wall: { ...WALL, challenge: "Bearer" } }, "broken", "challenge"],
    ["a 401 that says nothing", { wall: { ...WALL, challenge: "" } }, "broken", "challenge"],
    ["a 403", { wall: { ...WALL, met: "forbidden", status: 403 } }, "broken", "challenge"],
    ["no wall at all", { wall: { ...WALL, met: "open", status: null } }, "broken", "challenge"],
    ["a wall in JSON-RPC", { wall: { ...WALL, met: "jsonrpc", status: 200 } }, "broken", "challenge"],
    ["a wall that was not looked at", { wall: null, findings: null }, "healthy", null],
    [
      "metadata that misleads",
      { findings: { ...FINDINGS, cause: "prm_invalid", problem: "Wrong." } },
      "broken",
      "discovery",
    ],
    ["no metadata", { findings: { ...FINDINGS, cause: "without_prm" } }, "healthy", null],
    [
      "a refused credential",
      { ...bad("discover", "credential_rejected"), transcript: { ...good.transcript, era: null, toolCount: null } },
      "auth_walled",
      "handshake",
    ],
    [
      "no token",
      { ...bad("token", "credential_rejected"), transcript: { ...good.transcript, era: null, toolCount: null } },
      "auth_walled",
      "handshake",
    ],
    [
      "401 at the tools only",
      { ...bad("list", "credential_rejected"), transcript: { ...good.transcript, toolCount: null } },
      "auth_walled",
      "tools",
    ],
    [
      "a test call that fails",
      { call: { ...(good.call as NonNullable<Walked["call"]>), status: "degraded", reason: "canary_failed" } },
      "broken",
      "call",
    ],
    [
      "a test call that was not due",
      { call: { ...(good.call as NonNullable<Walked["call"]>), status: "unknown" } },
      "healthy",
      null,
    ],
    ["other tools than accepted", { expectedHash: "other" }, "broken", "compare"],
    ["nothing accepted yet", { expectedHash: null }, "healthy", null],
    ["no credential", { kind: null, call: null, ...bad("discover", "auth_required") }, "auth_walled", null],
    [
      "a client certificate that nobody needs to show",
      { kind: "mtls", wall: { ...WALL, met: "open" } },
      "broken",
      "challenge",
    ],
    [
      "a proxy's 400 for want of a client certificate",
      { kind: "mtls", wall: { ...WALL, met: "other", status: 400 } },
      "healthy",
      null,
    ],
  ])("with %s", (_what, more, result, failedStep) => {
    expect(walkOf({ ...good, ...more })).toMatchObject({ result, failedStep });
  });

  test("says of an unprotected server what it is, plainly", () => {
    const { steps } = walkOf({ ...good, wall: { ...WALL, met: "open" } });
    expect(steps.find((s) => s.step === "challenge")?.detail).toContain("Not protected");
  });
});
