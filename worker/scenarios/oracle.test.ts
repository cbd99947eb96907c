// The official client, told to find the era by itself, as the judge of ours: on real servers that others wrote.
import { Client, SdkError, SSEClientTransport, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { judge } from "#lib/checks/index";
import type { Era } from "#lib/domain/outcome";
import { type NpmName, npmServer } from "#lib/testing/npm-servers";
import {
  fleetServer,
  mcpProxy,
  MEMORY_COMMAND,
  supergateway,
  TEST_API_KEY,
  type TestServer,
} from "#lib/testing/servers";
import { probe } from "../probe/transcript.ts";

const policy = { allow: [{ cidr: "127.0.0.0/8" }, { cidr: "::1/128" }] };
const KEY = { "X-API-Key": TEST_API_KEY };
const npm = (name: NpmName) => [name, () => npmServer(name)] as const;

type Row = [what: string, start: () => Promise<TestServer>, era: Era, headers?: Record<string, string>];
const SERVERS: Row[] = [
  ["server-everything over Streamable HTTP", () => fleetServer("legacy"), "legacy"],
  ["server-everything over HTTP+SSE", () => fleetServer("sse"), "sse"],
  ["supergateway without sessions", () => supergateway(MEMORY_COMMAND), "legacy"],
  ["supergateway with sessions", () => supergateway(MEMORY_COMMAND, { stateful: true }), "legacy"],
  ["mcp-proxy before server-filesystem", () => fleetServer("dual"), "dual"],
  ["mcp-proxy told not to be modern", () => mcpProxy("--no-modern"), "legacy"],
  ["mcp-proxy behind its key", () => fleetServer("keyed"), "dual", KEY],
  ["a server of the SDK that refuses the older era", () => fleetServer("modern"), "modern"],
  [...npm("@upstash/context7-mcp"), "dual"],
  [...npm("@antv/mcp-server-chart"), "legacy"],
  [...npm("@notionhq/notion-mcp-server"), "legacy"],
  [...npm("@brave/brave-search-mcp-server"), "legacy"],
  [...npm("@playwright/mcp"), "legacy"],
];
/** The oracle cannot speak here: it has no credential either, and says so. */
const WALLED = [
  ["mcp-proxy without its key", () => fleetServer("keyed")],
  npm("the OAuth example of @modelcontextprotocol/sdk"),
] as const;

const running = new Map<string, TestServer>();
beforeAll(async () => {
  await Promise.all([...SERVERS, ...WALLED].map(async ([what, start]) => void running.set(what, await start())));
});
afterAll(() => Promise.all([...running.values()].map((server) => server.close())));

const urlOf = (what: string) => (running.get(what) as TestServer).url;
const look = (what: string, headers: Record<string, string> = {}, knownEra: Era | null = null) =>
  probe(
    { serverId: "s", tenantId: "t", url: urlOf(what), headers, knownEra },
    { policy, monotonic: () => performance.now(), boundMs: 30_000 },
  );

function oracle() {
  return new Client({ name: "oracle", version: "1.0.0" }, { capabilities: {}, versionNegotiation: { mode: "auto" } });
}

async function asOfficial(what: string, headers: Record<string, string>) {
  const client = oracle();
  const requestInit = { headers };
  const url = new URL(urlOf(what));
  try {
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit }));
    const { tools } = await client.listTools();
    return {
      era: client.getProtocolEra(),
      tools: tools.map((t) => t.name).sort(),
      name: client.getServerVersion()?.name,
    };
  } finally {
    await client.close().catch(() => {});
  }
}

describe.concurrent("the official client and ours agree about", () => {
  test.each<Row>(SERVERS.filter(([, , era]) => era !== "sse"))("%s", async (what, _start, era, headers = {}) => {
    const [official, transcript] = [await asOfficial(what, headers), await look(what, headers)];
    const judged = judge(transcript);
    expect([judged.status, judged.reason, transcript.era]).toEqual(["up", null, era]);
    // The client knows two eras; that a server speaks the older one as well is more than it asks.
    expect(official.era).toBe(era === "dual" ? "modern" : era);
    expect(judged.tools?.names).toEqual(official.tools);
    expect(transcript.serverName).toContain(official.name);
    // Looked at again by the era that was found: the same tools, and nothing asked in passing.
    const again = await look(what, headers, era);
    expect([again.era, judge(again).tools?.fullHash]).toEqual([era, judged.tools?.fullHash]);
    expect(again.steps.some((s) => s.aside && s.phase !== "close")).toBe(false);
  });

  test("server-everything over HTTP+SSE, which its newer transport refuses", async () => {
    const what = "server-everything over HTTP+SSE";
    await expect(asOfficial(what, {})).rejects.toThrow();
    const client = oracle();
    await client.connect(new SSEClientTransport(new URL(urlOf(what))));
    const { tools } = await client.listTools();
    await client.close();
    const transcript = await look(what);
    expect([judge(transcript).reason, transcript.era]).toEqual([null, "sse"]);
    expect(judge(transcript).tools?.names).toEqual(tools.map((t) => t.name).sort());
  });

  test.each(WALLED)("%s: both stop at the wall", async (what) => {
    await expect(asOfficial(what, {})).rejects.toThrow(SdkError);
    const transcript = await look(what);
    expect(judge(transcript)).toMatchObject({ status: "up", auth: "protected", reason: "auth_required" });
    expect(transcript.steps.filter((s) => s.request)).toHaveLength(1);
  });
});
