// What a look costs the server that is looked at: connections, requests, and nothing left behind.
import { describe, expect, test } from "vitest";
import { judge } from "#lib/checks/index";
import type { Era } from "#lib/domain/outcome";
import { DISCOVERED, type Handler, INITIALIZED, legacy, modern, serve, sse, TOOL } from "#lib/testing/fixtures/serve";
import { probe } from "./transcript.ts";

const message = (id: string | null, result: object) =>
  `event: message\ndata: ${JSON.stringify({ jsonrpc: "2.0", id, result })}\n\n`;
const older = sse("/message", (stream, { method, id }) => {
  if (method === "initialize") stream.write(message(id, INITIALIZED));
  if (method === "tools/list") stream.write(message(id, { tools: [TOOL] }));
  return { status: 202, text: "Accepted" };
});
const dual: Handler = (ask) => (ask.method === "server/discover" ? { result: DISCOVERED } : legacy({})(ask));

async function look(handler: Handler, knownEra: Era | null) {
  const asked: string[] = [];
  const server = await serve((ask) => {
    asked.push(ask.method || ask.http);
    return handler(ask);
  });
  const transcript = await probe(
    { serverId: "s", tenantId: "t", url: server.url, headers: {}, knownEra },
    { policy: { allow: [{ cidr: "127.0.0.0/8" }] }, monotonic: () => performance.now(), boundMs: 10_000 },
  );
  await server.close();
  return { transcript, asked, connections: server.connections() };
}

const PING = "event: ping\ndata: still here\n\n";
const pinged = (id: string | null) => ({
  text: `${PING}${message(id, { tools: [TOOL] })}`,
  type: "text/event-stream",
});

const refused = () => ({ error: { code: -32601, message: "Method not found" } });

const HANDSHAKE = ["initialize", "notifications/initialized", "tools/list"];

describe("a look at a server whose era is known", () => {
  test.each<[Era, Handler, connections: number, requests: string[]]>([
    ["modern", modern({}), 1, ["server/discover", "tools/list"]],
    ["dual", dual, 1, ["server/discover", "tools/list"]],
    ["legacy", legacy({}), 1, [...HANDSHAKE, "DELETE"]],
    // The stream holds one of its own.
    ["sse", older, 2, ["GET", ...HANDSHAKE]],
  ])("%s takes one connection and the fewest requests", async (era, handler, connections, requests) => {
    const seen = await look(handler, era);
    expect([judge(seen.transcript).reason, seen.transcript.era]).toEqual([null, era]);
    expect([seen.connections, seen.asked]).toEqual([connections, requests]);
  });

  test.each<[what: string, status: number, known: Era | null]>([
    ["401", 401, null],
    ["401", 401, "legacy"],
    ["401", 401, "sse"],
    ["403", 403, null],
    ["429", 429, "modern"],
    ["429", 429, "legacy"],
  ])("ends with the first %s (era %#)", async (_what, status, known) => {
    const seen = await look(() => ({ status }), known);
    expect(seen.asked).toHaveLength(1);
  });

  test.each<[Era, Handler]>([
    ["legacy", legacy({ "tools/list": ({ id }) => pinged(id) })],
    [
      "sse",
      sse("/message", (stream, { method, id }) => {
        stream.write(PING);
        if (method === "initialize") stream.write(message(id, INITIALIZED));
        if (method === "tools/list") stream.write(message(id, { tools: [TOOL] }));
        return { status: 202, text: "Accepted" };
      }),
    ],
  ])("passes over events that carry no message, as clients do (%s)", async (era, handler) => {
    const { transcript } = await look(handler, era);
    expect(judge(transcript)).toMatchObject({ status: "up", reason: null, tools: { count: 1 } });
  });

  const NO_TOOLS = { capabilities: { resources: {} } };
  const bare = { "server/discover": () => ({ result: { ...DISCOVERED, ...NO_TOOLS } }) };
  test.each<[string, Era, Handler, status: string, tools: number | null]>([
    ["has none", "modern", modern({ ...bare, "tools/list": refused }), "up", 0],
    [
      "has none",
      "legacy",
      legacy({ initialize: () => ({ result: { ...INITIALIZED, ...NO_TOOLS } }), "tools/list": refused }),
      "up",
      0,
    ],
    [
      "has none, by the 404 of some gateways",
      "legacy",
      legacy({
        initialize: () => ({ result: { ...INITIALIZED, ...NO_TOOLS }, headers: { "mcp-session-id": "s-1" } }),
        "tools/list": () => ({ status: 404, ...refused() }),
      }),
      "up",
      0,
    ],
    ["is not well", "modern", modern({ ...bare, "tools/list": () => ({ raw: (r) => r.destroy() }) }), "down", null],
  ])("a server that names no tools and lists none %s (%s)", async (_what, era, handler, status, count) => {
    const judged = judge((await look(handler, era)).transcript);
    expect([judged.status, judged.tools?.count ?? null]).toEqual([status, count]);
  });

  test("a list refused as an unknown method, with the 404 of some gateways, is no lost session", async () => {
    const judged = judge(
      (await look(legacy({ "tools/list": () => ({ status: 404, ...refused() }) }), "legacy")).transcript,
    );
    expect(judged).toMatchObject({ status: "degraded", reason: "tool_list_failed", evidence: { jsonrpcCode: -32601 } });
  });

  test("times name, connection, first request and tool list apart", async () => {
    const { timings } = (await look(legacy({}), "legacy")).transcript;
    expect(Object.keys(timings).sort()).toEqual(["connectMs", "firstRequestMs", "toolListMs", "totalMs"]);
  });
});
