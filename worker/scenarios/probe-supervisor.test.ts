// Real child processes against servers that were made to break them. Limits are short; nothing here sleeps.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rawServer, type TestServer } from "#lib/testing/servers";
import type { Limits, ProberExit } from "../probe/prober-process.ts";
import type { ProbeResult } from "../probe/result.ts";
import { ProberPool } from "../probe/supervisor.ts";

const policy = { allow: [{ cidr: "127.0.0.0/8" }] };
const WORKING = JSON.stringify({
  jsonrpc: "2.0",
  id: "discover-1",
  result: { supportedVersions: ["1999-01-01"], capabilities: {} },
});
const http = (body: string) =>
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

let fine: TestServer;
const exits: ProberExit[] = [];

beforeAll(async () => {
  fine = await rawServer((socket) => socket.write(http(WORKING)));
});
afterAll(() => fine.close());

const target = (serverId: string, server: TestServer) => ({
  serverId,
  tenantId: "t",
  url: server.url,
  headers: {},
  knownEra: "modern" as const,
});

async function run(limits: Partial<Limits>, targets: ReturnType<typeof target>[]) {
  exits.length = 0;
  const pool = new ProberPool({ size: 3, onExit: (exit) => exits.push(exit), limits });
  const results = new Map<string, ProbeResult>();
  await pool.run(targets, policy, { result: (r) => results.set(r.serverId, r) });
  await pool.close();
  return results;
}

describe("the supervisor", () => {
  test("judges a batch in one process and ends it when it is closed", async () => {
    const results = await run({}, [target("a", fine), target("b", fine)]);
    expect([...results.keys()].sort()).toEqual(["a", "b"]);
    expect(results.get("a")?.judgement).toMatchObject({
      status: "down",
      reason: "version_unsupported",
      phase: "discover",
    });
    expect(exits).toMatchObject([{ reason: "closed", signal: "SIGKILL", probes: 2 }]);
    expect(() => process.kill(exits[0]?.pid ?? 0, 0)).toThrow();
  });

  test.each([
    ["SIGKILL", "crash", { status: "unknown", reason: "prober_fault" }],
    ["SIGSTOP", "stalled", { status: "down", reason: "timeout" }],
  ] as const)(
    "tells a prober that ends by %s as %s and judges accordingly",
    async (signal, reason, expected) => {
      const pool = new ProberPool({ size: 1, limits: { stalledMs: 2_500 }, onExit: (exit) => exits.push(exit) });
      exits.length = 0;
      const breaker = await rawServer(() => {
        for (const pid of pool.pids()) process.kill(pid, signal);
      });
      const results: ProbeResult[] = [];
      await pool.run([target("a", breaker)], policy, { result: (r) => results.push(r) });
      await Promise.all([pool.close(), breaker.close()]);
      expect(results.map((r) => r.judgement)).toMatchObject([expected]);
      expect(exits.map((e) => e.reason).slice(0, 2)).toEqual([reason, reason]);
    },
    20_000,
  );

  test("kills a prober over its memory and says that the answer was too much", async () => {
    const results = await run({ rssBytes: 20 * 1024 * 1024 }, [target("a", fine)]);
    expect(results.get("a")?.judgement).toMatchObject({ status: "degraded", reason: "response_too_large" });
    expect(exits.some((e) => e.reason === "memory")).toBe(true);
  });

  test("replaces a worn prober by a fresh one", async () => {
    const pool = new ProberPool({ size: 1, limits: { maxProbes: 1 }, onExit: (exit) => exits.push(exit) });
    exits.length = 0;
    const seen: string[] = [];
    for (const id of ["a", "b"]) await pool.run([target(id, fine)], policy, { result: (r) => seen.push(r.serverId) });
    await pool.close();
    expect(seen).toEqual(["a", "b"]);
    expect(exits.map((e) => e.reason)).toEqual(["recycled", "recycled"]);
    expect(new Set(exits.map((e) => e.pid)).size).toBe(2);
  });
});
