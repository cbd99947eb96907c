// Real servers from npm in every era and transport: each with the verdict that a person would give it.
import { describe, expect, test } from "vitest";
import { judge } from "#lib/checks/index";
import type { Era, Phase } from "#lib/domain/outcome";
import type { Reason, Status } from "#lib/domain/reason";
import type { Transcript } from "#lib/domain/transcript";
import { fleetServer, freePort, MEMORY_COMMAND, supergateway, type TestServer } from "#lib/testing/servers";
import { probe } from "../probe/transcript.ts";

const policy = { allow: [{ cidr: "127.0.0.0/8" }] };
const SLOW = { timeout: 60_000 };

function look(
  url: string,
  given: { headers?: Record<string, string>; knownEra?: Era | null; boundMs?: number } = {},
): Promise<Transcript> {
  const { headers = {}, knownEra = null, boundMs = 10_000 } = given;
  return probe(
    { serverId: "s", tenantId: "t", url, headers, knownEra },
    { policy, monotonic: () => performance.now(), boundMs },
  );
}

async function using<T>(start: () => Promise<TestServer>, work: (server: TestServer) => Promise<T>): Promise<T> {
  const server = await start();
  try {
    return await work(server);
  } finally {
    await server.close();
  }
}

type Row = [
  what: string,
  start: () => Promise<TestServer>,
  headers: Record<string, string>,
  status: Status,
  reason: Reason | null,
  phase: Phase | null,
  era: Era | null,
  tools: number | null,
];

describe("the prober judges", () => {
  test.each<Row>([
    [
      "a key with the wrong one",
      () => fleetServer("keyed"),
      { "X-API-Key": "another-key" },
      "degraded",
      "credential_rejected",
      "discover",
      null,
      null,
    ],
    [
      "supergateway over HTTP+SSE",
      () => supergateway(MEMORY_COMMAND, { output: "sse" }),
      {},
      "up",
      null,
      null,
      "sse",
      9,
    ],
  ])("%s", SLOW, async (_what, start, headers, status, reason, phase, era, tools) => {
    await using(start, async ({ url }) => {
      const transcript = await look(url, { headers });
      const judged = judge(transcript);
      expect([judged.status, judged.reason, judged.phase, transcript.era, judged.tools?.count ?? null]).toEqual([
        status,
        reason,
        phase,
        era,
        tools,
      ]);
      if (era === null) return;
      // Looking again by the cached era finds the same tools and asks for less.
      const again = await look(url, { headers, knownEra: era });
      expect(judge(again).tools?.fullHash).toBe(judged.tools?.fullHash);
      expect(again.era).toBe(era);
      expect(again.steps.filter((s) => s.phase !== "close").length).toBeLessThanOrEqual(transcript.steps.length);
      expect(again.steps.some((s) => s.aside && s.phase !== "close")).toBe(false);
    });
  });

  test("a dead port, a name that does not exist and a private address by their reasons", SLOW, async () => {
    expect(judge(await look(`http://127.0.0.1:${await freePort()}/mcp`))).toMatchObject({
      status: "down",
      reason: "connection_refused",
      phase: "connect",
    });
    expect(judge(await look("http://does-not-exist.invalid/mcp"))).toMatchObject({
      status: "down",
      reason: "dns_failure",
      phase: "dns",
    });
    expect(judge(await look("http://169.254.169.254/mcp"))).toEqual({
      status: "unknown",
      auth: "unknown",
      reason: "blocked_address",
      phase: "address",
      evidence: { cause: "blocked_address", errorCode: "E_URL_BLOCKED", detail: "private_address" },
      tools: null,
    });
  });

  test("a server that changed its era by what it speaks now", SLOW, async () => {
    for (const [slug, wrong] of [
      ["legacy", "sse"],
      ["sse", "legacy"],
      ["modern", "legacy"],
      ["legacy", "modern"],
      ["modern", "sse"],
    ] as const) {
      await using(
        () => fleetServer(slug),
        async ({ url }) => {
          const transcript = await look(url, { knownEra: wrong });
          expect([slug, judge(transcript).reason, transcript.era]).toEqual([slug, null, slug]);
        },
      );
    }
  });

  test("leaves no session behind", SLOW, async () => {
    await using(
      () => fleetServer("legacy"),
      async ({ url }) => {
        const transcript = await look(url);
        expect(transcript.steps.find((s) => s.phase === "close")?.response?.status).toBe(200);
        expect(JSON.stringify(transcript.steps)).not.toMatch(/mcp-session-id":"(?!\[session\])/);
      },
    );
  });
});
