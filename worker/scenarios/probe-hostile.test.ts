// Every way a server answers badly has its own reason, in bounded time and memory.
import { describe, expect, test } from "vitest";
import { judge } from "#lib/checks/index";
import { excess } from "#lib/domain/canonical-json";
import type { Phase } from "#lib/domain/outcome";
import type { Reason, Status } from "#lib/domain/reason";
import { STORED_MAX_BYTES, storeTranscript } from "#lib/domain/transcript";
import { type Hostile, HOSTILE, hostileServer } from "#lib/testing/hostile";
import { probe } from "../probe/transcript.ts";

const policy = { allow: [{ cidr: "127.0.0.0/8" }] };
const SECRET = "sk-very-secret-4711";

const EXPECTED: Record<Hostile, [Status, Reason | null, Phase | null]> = {
  "ten gigabytes of body": ["degraded", "response_too_large", "discover"],
  "a gzip bomb": ["degraded", "response_too_large", "discover"],
  "a thousand content codings": ["degraded", "response_too_large", "discover"],
  "an endless event stream": ["degraded", "response_too_large", "discover"],
  "an event stream without a newline": ["degraded", "response_too_large", "discover"],
  "an event stream that ends": ["down", "malformed_jsonrpc", "initialize"],
  "another id": ["down", "malformed_jsonrpc", "initialize"],
  "no JSON": ["down", "malformed_jsonrpc", "initialize"],
  "invalid UTF-8 in place of JSON": ["down", "malformed_jsonrpc", "initialize"],
  "JSON a hundred thousand levels deep": ["down", "malformed_jsonrpc", "discover"],
  "endless 1xx answers": ["down", "timeout", "discover"],
  "a redirect to itself": ["down", "http_moved", "discover"],
  "a redirect to the metadata address": ["down", "http_moved", "discover"],
  "a closed connection": ["down", "connection_reset", "discover"],
  "another protocol": ["down", "not_mcp", "discover"],
  "headers of a megabyte": ["degraded", "response_too_large", "discover"],
  "a bare 401": ["degraded", "auth_misconfigured", "discover"],
  "401 with metadata": ["up", "auth_required", "discover"],
  "403 from a Host check": ["degraded", "forbidden", "discover"],
  "429 with Retry-After": ["unknown", "rate_limited", "discover"],
  "503 from a gateway": ["down", "http_server_error", "discover"],
  "404 for everything": ["down", "http_not_found", "initialize"],
  "405 to POST and a page to GET": ["down", "not_mcp", "initialize"],
  "415 to JSON": ["down", "http_client_error", "initialize"],
  "no tools": ["degraded", "empty_tool_list", "list"],
  "tools without schema": ["degraded", "schema_invalid", "list"],
  "the same tool twice": ["degraded", "schema_invalid", "list"],
  "tools that are no array": ["degraded", "schema_invalid", "list"],
  "lone surrogates in a name": ["degraded", "schema_invalid", "list"],
  "names with control and bidi characters": ["up", null, null],
  "a cursor that comes back": ["degraded", "tool_list_failed", "list"],
  "ten thousand tools": ["degraded", "response_too_large", "list"],
  "an error to tools/list": ["degraded", "tool_list_failed", "list"],
  "a session that is forgotten": ["degraded", "session_lost", "initialized"],
  "an unknown protocol version": ["down", "version_unsupported", "initialize"],
  "an echo of the credential": ["down", "protocol_error", "initialize"],
};

describe("a server that answers with", () => {
  test.each(HOSTILE)("%s has its own reason and fits into what is kept", { timeout: 30_000 }, async (kind) => {
    const server = await hostileServer(kind);
    const headers: Record<string, string> =
      kind === "an echo of the credential" ? { Authorization: `Bearer ${SECRET}` } : {};
    try {
      const transcript = await probe(
        { serverId: "s", tenantId: "t", url: server.url, headers, knownEra: null },
        { policy, monotonic: () => performance.now(), boundMs: 10_000 },
      );
      const judged = judge(transcript);
      expect([judged.status, judged.reason, judged.phase]).toEqual(EXPECTED[kind]);
      const stored = JSON.stringify(storeTranscript(transcript));
      expect(Buffer.byteLength(stored)).toBeLessThanOrEqual(STORED_MAX_BYTES);
      expect(stored + JSON.stringify(judged)).not.toMatch(/(?<!\\)\\u0000|\u202e|token=abc|sk-very-secret/);
      expect(excess(judged)).toBeNull();
    } finally {
      await server.close();
    }
  });

  test("a flood is cut off before it fills this process", { timeout: 30_000 }, async () => {
    const server = await hostileServer("ten gigabytes of body");
    const before = process.memoryUsage().rss;
    await probe(
      { serverId: "s", tenantId: "t", url: server.url, headers: {}, knownEra: null },
      { policy, monotonic: () => performance.now() },
    );
    await server.close();
    // Both ends of the flood live in this process.
    expect(process.memoryUsage().rss - before).toBeLessThan(96 * 1024 * 1024);
  });
});
