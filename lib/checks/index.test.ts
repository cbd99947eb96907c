// Over 300 lines: one table with a row for every reason a check can give.
import { describe, expect, test } from "vitest";
import { asCause, type Cause, CAUSES } from "../domain/cause.ts";
import type { Phase } from "../domain/outcome.ts";
import type { Reason, Status } from "../domain/reason.ts";
import type { Step, Transcript } from "../domain/transcript.ts";
import { CHECKS, judge } from "./index.ts";

const step = (
  phase: Phase,
  given: Partial<Step> & { status?: number; headers?: Record<string, string> } = {},
): Step => {
  const { status, headers = {}, ...rest } = given;
  return {
    phase,
    title: phase,
    startMs: 0,
    durationMs: 1,
    ...(status !== undefined && {
      response: { status, headers, contentType: "application/json", bytes: 1, bodyHead: "" },
    }),
    ...rest,
  };
};
const INIT = {
  jsonrpc: "2.0",
  id: "1",
  result: { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "x" } },
};
const LIST = { jsonrpc: "2.0", id: "2", result: { tools: [{ name: "a", inputSchema: {} }] } };
const good = (): Step[] => [
  step("connect"),
  step("initialize", { status: 200, message: INIT }),
  step("initialized", { status: 202 }),
  step("list", { status: 200, message: LIST }),
];
const failed = (code: string) => ({ error: { code, detail: "" } });
const rpc = (code: unknown, message = "m") => ({ jsonrpc: "2.0", id: "1", error: { code, message } });

function transcript(steps: Step[], given: Partial<Transcript> = {}): Transcript {
  return {
    url: "https://x.example/mcp",
    steps,
    timings: { totalMs: 1 },
    era: null,
    protocolVersion: null,
    serverName: null,
    capabilities: null,
    tools: null,
    toolsTruncated: false,
    credentialUsed: false,
    certificate: null,
    paginationLoop: false,
    ...given,
  };
}
const working = (given: Partial<Transcript> = {}) =>
  transcript(good(), { era: "legacy", capabilities: { tools: {} }, tools: [{ name: "a", inputSchema: {} }], ...given });

describe("the checks say", () => {
  test.each<[what: string, transcript: Transcript, status: Status, reason: Reason | null, phase: Phase | null]>([
    ["nothing of a server that works", working(), "up", null, null],
    ["dns_failure of NXDOMAIN", transcript([step("dns", failed("ENOTFOUND"))]), "down", "dns_failure", "dns"],
    [
      "dns_failure of a resolver in trouble",
      transcript([step("dns", failed("EAI_AGAIN"))]),
      "down",
      "dns_failure",
      "dns",
    ],
    ["timeout of a look-up that hangs", transcript([step("dns", failed("E_TIMEOUT"))]), "down", "timeout", "dns"],
    [
      "connection_refused",
      transcript([step("connect", failed("ECONNREFUSED"))]),
      "down",
      "connection_refused",
      "connect",
    ],
    [
      "connection_unreachable of no route",
      transcript([step("connect", failed("EHOSTUNREACH"))]),
      "down",
      "connection_unreachable",
      "connect",
    ],
    [
      "timeout of a connection that nobody takes",
      transcript([step("connect", failed("E_TIMEOUT"))]),
      "down",
      "timeout",
      "connect",
    ],
    [
      "tls_invalid of an expired certificate",
      transcript([step("tls", failed("CERT_HAS_EXPIRED"))]),
      "down",
      "tls_invalid",
      "tls",
    ],
    [
      "tls_invalid of another host's certificate",
      transcript([step("tls", failed("ERR_TLS_CERT_ALTNAME_INVALID"))]),
      "down",
      "tls_invalid",
      "tls",
    ],
    [
      "tls_invalid of plain HTTP where TLS was asked",
      transcript([step("tls", failed("ERR_SSL_WRONG_VERSION_NUMBER"))]),
      "down",
      "tls_invalid",
      "tls",
    ],
    [
      "tls_invalid of a code from next year",
      transcript([step("tls", failed("SOMETHING_NEW"))]),
      "down",
      "tls_invalid",
      "tls",
    ],
    [
      "connection_reset of a close in the middle of TLS",
      transcript([step("tls", failed("ECONNRESET"))]),
      "down",
      "connection_reset",
      "tls",
    ],
    [
      "connection_reset of a socket closed before the answer",
      transcript([step("initialize", failed("UND_ERR_SOCKET"))]),
      "down",
      "connection_reset",
      "initialize",
    ],
    [
      "connection_reset of a body that broke off",
      transcript([step("list", { status: 200, ...failed("Z_BUF_ERROR") })]),
      "down",
      "connection_reset",
      "list",
    ],
    [
      "not_mcp of what is no HTTP",
      transcript([step("discover", failed("HPE_INVALID_CONSTANT"))]),
      "down",
      "not_mcp",
      "discover",
    ],
    [
      "timeout with the step's name",
      transcript([step("connect"), step("initialized", failed("E_TIMEOUT"))]),
      "down",
      "timeout",
      "initialized",
    ],
    [
      "blocked_address of a refused address",
      transcript([step("address", failed("E_URL_BLOCKED"))]),
      "unknown",
      "blocked_address",
      "address",
    ],
    [
      "prober_fault of our own exception",
      transcript([step("probe", failed("E_PROBER_FAULT"))]),
      "unknown",
      "prober_fault",
      "probe",
    ],
    [
      "prober_fault of a request that we built wrongly",
      transcript([step("discover", { status: 400, message: rpc(-32020) })]),
      "unknown",
      "prober_fault",
      "discover",
    ],
    ["prober_fault of a transcript without a step", transcript([]), "unknown", "prober_fault", "probe"],
    [
      "auth_required of 401 that names its metadata",
      transcript([
        step("discover", { status: 401, headers: { "www-authenticate": 'Bearer resource_metadata="https://x"' } }),
      ]),
      "up",
      "auth_required",
      "discover",
    ],
    [
      "auth_misconfigured of a bare scheme",
      transcript([step("discover", { status: 401, headers: { "www-authenticate": "Bearer" } })]),
      "degraded",
      "auth_misconfigured",
      "discover",
    ],
    [
      "auth_required of a wall at the tool list only",
      transcript(
        [
          ...good().slice(0, 3),
          step("list", { status: 401, headers: { "www-authenticate": 'Bearer error="x"' }, message: rpc(-32001) }),
        ],
        { era: "legacy" },
      ),
      "up",
      "auth_required",
      "list",
    ],
    [
      "auth_required of TLS that asks for a client certificate",
      transcript([step("tls"), step("discover", failed("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"))]),
      "up",
      "auth_required",
      "discover",
    ],
    [
      "auth_required of -32001 at the tool list only",
      transcript([...good().slice(0, 3), step("list", { status: 200, message: rpc(-32001, "Unauthorized") })], {
        era: "legacy",
      }),
      "up",
      "auth_required",
      "list",
    ],
    [
      "tool_list_failed of -32001 that speaks of a session",
      transcript([...good().slice(0, 3), step("list", { status: 200, message: rpc(-32001, "Session not found") })], {
        era: "legacy",
      }),
      "degraded",
      "tool_list_failed",
      "list",
    ],
    [
      "tool_list_failed of -32001 that an SDK calls a timeout",
      transcript([...good().slice(0, 3), step("list", { status: 200, message: rpc(-32001, "Request timed out") })], {
        era: "legacy",
      }),
      "degraded",
      "tool_list_failed",
      "list",
    ],
    [
      "protocol_error of -32020 in the older era, where it is the server's own",
      transcript([step("initialize", { status: 200, message: rpc(-32020, "no database") })]),
      "down",
      "protocol_error",
      "initialize",
    ],
    [
      "protocol_error of -32001 to the handshake",
      transcript([step("initialize", { status: 200, message: rpc(-32001, "Unauthorized") })]),
      "down",
      "protocol_error",
      "initialize",
    ],
    [
      "credential_rejected of a scope that is missing",
      transcript([
        step("initialize", { status: 403, headers: { "www-authenticate": 'Bearer error="insufficient_scope"' } }),
      ]),
      "degraded",
      "credential_rejected",
      "initialize",
    ],
    [
      "nothing of WWW-Authenticate on a 200",
      working({
        steps: good().map((s) =>
          s.response ? { ...s, response: { ...s.response, headers: { "www-authenticate": "Bearer x=y" } } } : s,
        ),
      }),
      "up",
      null,
      null,
    ],
    [
      "credential_rejected of 401 to our credential",
      transcript([step("initialize", { status: 401 })], { credentialUsed: true }),
      "degraded",
      "credential_rejected",
      "initialize",
    ],
    [
      "forbidden of a Host check, credential or not",
      transcript([step("initialize", { status: 403 })], { credentialUsed: true }),
      "degraded",
      "forbidden",
      "initialize",
    ],
    [
      "rate_limited at the tool list as well",
      transcript([...good().slice(0, 3), step("list", { status: 429, headers: { "retry-after": "900" } })]),
      "unknown",
      "rate_limited",
      "list",
    ],
    [
      "http_moved",
      transcript([step("discover", { status: 301, headers: { location: "https://y.example/" } })]),
      "down",
      "http_moved",
      "discover",
    ],
    [
      "http_not_found of 410",
      transcript([step("initialize", { status: 410 })]),
      "down",
      "http_not_found",
      "initialize",
    ],
    [
      "http_client_error of 406 even with a JSON-RPC error",
      transcript([step("initialize", { status: 406, message: rpc(-32000) })]),
      "down",
      "http_client_error",
      "initialize",
    ],
    [
      "http_server_error of 500 with a JSON-RPC error",
      transcript([step("initialize", { status: 500, message: rpc(-32603) })]),
      "down",
      "http_server_error",
      "initialize",
    ],
    [
      "http_server_error of a 502 at the list",
      transcript([...good().slice(0, 3), step("list", { status: 502 })]),
      "down",
      "http_server_error",
      "list",
    ],
    [
      "protocol_error of 400 with a JSON-RPC error",
      transcript([step("initialize", { status: 400, message: rpc(-32000) })]),
      "down",
      "protocol_error",
      "initialize",
    ],
    [
      "protocol_error of a result without serverInfo",
      transcript([
        step("initialize", { status: 200, message: { ...INIT, result: { ...INIT.result, serverInfo: undefined } } }),
      ]),
      "down",
      "protocol_error",
      "initialize",
    ],
    [
      "malformed_jsonrpc of a missing version member",
      transcript([step("initialize", { status: 200, message: { id: "1", result: INIT.result } })]),
      "down",
      "malformed_jsonrpc",
      "initialize",
    ],
    [
      "malformed_jsonrpc of result and error together",
      transcript([step("initialize", { status: 200, message: { ...INIT, error: { code: 1, message: "" } } })]),
      "down",
      "malformed_jsonrpc",
      "initialize",
    ],
    [
      "malformed_jsonrpc of an error code that is text",
      transcript([step("initialize", { status: 200, message: rpc("-32000") })]),
      "down",
      "malformed_jsonrpc",
      "initialize",
    ],
    [
      "version_unsupported of -32022",
      transcript([step("discover", { status: 400, message: rpc(-32022) })]),
      "down",
      "version_unsupported",
      "discover",
    ],
    [
      "session_lost of 404 with a session",
      transcript([
        ...good().slice(0, 3),
        step("list", { status: 404, request: { method: "POST", url: "", headers: { "mcp-session-id": "[session]" } } }),
      ]),
      "degraded",
      "session_lost",
      "list",
    ],
    [
      "tool_list_failed of a JSON-RPC error",
      transcript([...good().slice(0, 3), step("list", { status: 200, message: rpc(-32601) })]),
      "degraded",
      "tool_list_failed",
      "list",
    ],
    [
      "nothing of a refused list where no tools are declared",
      transcript([...good().slice(0, 3), step("list", { status: 200, message: rpc(-32601), aside: true })], {
        era: "legacy",
        capabilities: {},
      }),
      "up",
      null,
      null,
    ],
    [
      "nothing of an empty list where no tools are declared",
      working({ tools: [], capabilities: {} }),
      "up",
      null,
      null,
    ],
    ["empty_tool_list where tools are declared", working({ tools: [] }), "degraded", "empty_tool_list", "list"],
    [
      "nothing of what was asked in passing",
      working({
        steps: [
          step("discover", { status: 404, aside: true }),
          ...good(),
          step("close", { ...failed("E_TIMEOUT"), aside: true }),
        ],
      }),
      "up",
      null,
      null,
    ],
    [
      "tls_expiring at 30 days",
      working({ certificate: { validTo: Date.parse("2026-12-21"), daysLeft: 30 } }),
      "up",
      "tls_expiring",
      "tls",
    ],
    [
      "tls_expiring before a wall that stands as it should",
      transcript(
        [step("connect"), step("discover", { status: 401, headers: { "www-authenticate": 'Bearer realm="x"' } })],
        { certificate: { validTo: Date.parse("2026-12-21"), daysLeft: 7 } },
      ),
      "up",
      "tls_expiring",
      "tls",
    ],
    [
      "nothing of a certificate at 31 days",
      working({ certificate: { validTo: Date.parse("2026-12-22"), daysLeft: 31 } }),
      "up",
      null,
      null,
    ],
    [
      "the worse of two findings",
      working({ tools: [], certificate: { validTo: 0, daysLeft: 1 } }),
      "degraded",
      "empty_tool_list",
      "list",
    ],
  ])("%s", (_what, given, status, reason, phase) => {
    const judged = judge(given);
    expect([judged.status, judged.reason, judged.phase]).toEqual([status, reason, phase]);
    // Whatever is found has a cause of its own, and the cause belongs to the reason.
    expect(asCause(judged.evidence.cause) === null ? null : CAUSES[judged.evidence.cause as Cause].reason).toBe(reason);
  });

  test.each<[Transcript, string]>([
    [working(), "open"],
    [working({ credentialUsed: true }), "protected"],
    [transcript([step("discover", { status: 401 })]), "protected"],
    [transcript([step("connect", failed("ECONNREFUSED"))]), "unknown"],
  ])("whether a server is open, protected or neither is known (%#)", (given, auth) => {
    expect(judge(given).auth).toBe(auth);
  });

  test("nothing of a blocked address but that it is blocked", () => {
    const seen = step("address", {
      ...failed("E_URL_BLOCKED"),
      status: 200,
      request: { method: "GET", url: "http://10.0.0.1/", headers: {} },
    });
    expect(judge(transcript([seen])).evidence).toEqual({
      cause: "blocked_address",
      errorCode: "E_URL_BLOCKED",
      detail: "",
    });
  });

  test("what each of them promises, under a name of its own", () => {
    expect(new Set(CHECKS.map((c) => c.name)).size).toBe(CHECKS.length);
    for (const check of CHECKS) expect(check.promise).toMatch(/^[A-Z].*\.$/);
  });
});
