import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FLEET, type FleetServer, fleetServers } from "./fleet.ts";
import { keeper } from "./keeper.ts";
import { fleetParts } from "./parts.ts";
import { rememberedPorts } from "./ports.ts";
import { rememberedSecrets } from "./secrets.ts";

const dataDir = mkdtempSync(join(tmpdir(), "tocsin-fleet-"));
const secrets = rememberedSecrets(dataDir);
const parts = keeper(() => {});
const portOf = new Map<string, number>();
let servers: FleetServer[] = [];
const server = (slug: string): FleetServer => servers.find((s) => s.slug === slug) as FleetServer;

/** The official client's opinion, as somebody's who has nothing to do with our prober. */
async function opinion(slug: string, withKey = true): Promise<{ era: string | undefined; tools: number }> {
  const { url, credential } = server(slug);
  const headers = credential && withKey ? { [credential.header]: credential.value } : {};
  const client = new Client(
    { name: "fleet-test", version: "1" },
    { versionNegotiation: { mode: slug === "sse" ? "legacy" : "auto" } },
  );
  const Transport = slug === "sse" ? SSEClientTransport : StreamableHTTPClientTransport;
  try {
    await client.connect(new Transport(new URL(url), { requestInit: { headers } }), { timeout: 10_000 });
    return { era: client.getProtocolEra(), tools: (await client.listTools()).tools.length };
  } finally {
    await client.close();
  }
}

describe("the live fleet", () => {
  beforeAll(async () => {
    const ports = rememberedPorts(dataDir);
    for (const { slug } of FLEET) portOf.set(slug, await ports.of(slug));
    servers = fleetServers(portOf, secrets.fleetApiKey);
    await Promise.all(fleetParts({ dataDir, say: () => {} }, portOf, secrets).map(parts.add));
  });
  afterAll(async () => {
    await parts.stopAll();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const working: [string, string, number][] = [
    ["legacy", "legacy", 13],
    ["sse", "legacy", 13],
    ["dual", "modern", 14],
    ["modern", "modern", 2],
    ["keyed", "modern", 9],
  ];
  it.each(working)("%s speaks to the official client as %s and lists %i tools", async (slug, era, tools) => {
    expect(await opinion(slug)).toEqual({ era, tools });
  });

  it("keeps the keyed server shut for whoever has no key", async () => {
    await expect(opinion("keyed", false)).rejects.toThrow();
    expect((await fetch(server("keyed").url, { method: "POST" })).status).toBe(401);
  });

  it("has one that refuses clients of 2025, and one that serves both", async () => {
    const initialize = {
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "x", version: "1" } },
    };
    const post = async (slug: string) => {
      const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
      return (await fetch(server(slug).url, { method: "POST", headers, body: JSON.stringify(initialize) })).text();
    };
    expect(await post("modern")).toContain("-32022");
    expect(await post("dual")).toContain('"protocolVersion":"2025-11-25"');
  });

  it("has one that answers HTML and one address where nothing listens", async () => {
    const page = await fetch(server("html").url, { method: "POST", body: "{}" });
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    await expect(fetch(server("dead").url)).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
  });

  it.runIf(existsSync("/proc/net/tcp"))("listens on this machine only", () => {
    const lines = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) => readFileSync(file, "utf8").split("\n"));
    const ours = new Set([...portOf.values()].map((port) => port.toString(16).toUpperCase().padStart(4, "0")));
    const listening = lines
      .map((line) => line.trim().split(/\s+/))
      .filter((f) => f[3] === "0A" && ours.has(f[1]?.split(":")[1] ?? ""));
    expect(listening.map((f) => f[1]?.split(":")[0])).toEqual(
      FLEET.filter((m) => m.run !== null).map(() => "0100007F"),
    );
  });

  it("lets one server be stopped and started alone, at the same address", async () => {
    await parts.stop("fleet-legacy");
    await expect(opinion("legacy")).rejects.toThrow();
    expect((await opinion("modern")).tools).toBe(2);
    await parts.start("fleet-legacy");
    expect((await opinion("legacy")).tools).toBe(13);
  });
});
