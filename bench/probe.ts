// Whole probe sequences beside a bare undici loop that sends the same requests to the same server: what the record, the
// bounds and the guard cost per second of this process's CPU. The server runs in a process of its own.
import { Agent, request } from "undici";
import { monotonicMs } from "#lib/adapters/clock";
import { judge } from "#lib/checks/index";
import type { Era } from "#lib/domain/outcome";
import { fleetServer, type TestServer } from "#lib/testing/servers";
import { probe } from "../worker/probe/transcript.ts";
import { type Row, round } from "./parts.ts";

const ROUNDS = 300;
const WARM_UP = 40;
const AT_ONCE = 8;
const policy = { allow: [{ cidr: "127.0.0.0/8" }] };
const ACCEPT = { "content-type": "application/json", accept: "application/json, text/event-stream" };

/** What a client that trusts everybody would write: the same requests, no timings, no bounds, no checks. */
async function bare(url: string, era: Era): Promise<void> {
  const dispatcher = new Agent({ allowH2: false });
  const post = async (body: object, headers: Record<string, string> = {}) => {
    const answer = await request(url, {
      method: "POST",
      headers: { ...ACCEPT, ...headers },
      body: JSON.stringify(body),
      dispatcher,
    });
    await answer.body.text();
    return answer.headers;
  };
  if (era === "modern") {
    const _meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "bare", version: "1" },
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    for (const method of ["server/discover", "tools/list"])
      await post(
        { jsonrpc: "2.0", id: "1", method, params: { _meta } },
        { "mcp-protocol-version": "2026-07-28", "mcp-method": method },
      );
  } else {
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bare", version: "1" } };
    const head = await post({ jsonrpc: "2.0", id: "1", method: "initialize", params });
    const session = { "mcp-protocol-version": "2025-11-25", "mcp-session-id": String(head["mcp-session-id"] ?? "") };
    await post({ jsonrpc: "2.0", method: "notifications/initialized" }, session);
    await post({ jsonrpc: "2.0", id: "2", method: "tools/list" }, session);
    const end = await request(url, { method: "DELETE", headers: session, dispatcher });
    await end.body.dump();
  }
  await dispatcher.destroy();
}

async function whole(url: string, era: Era): Promise<void> {
  const transcript = await probe(
    { serverId: "bench", tenantId: "bench", url, headers: {}, knownEra: era },
    { policy, monotonic: monotonicMs },
  );
  const { reason } = judge(transcript);
  if (reason !== null) throw new Error(`the bench's server was judged ${reason}`);
}

async function measure(what: string, once: () => Promise<void>): Promise<Row> {
  const many = async (count: number) => {
    let left = count;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (left-- > 0) await once();
      }),
    );
  };
  await many(WARM_UP);
  const cpu = process.cpuUsage();
  const start = performance.now();
  await many(ROUNDS);
  const wallS = (performance.now() - start) / 1_000;
  const used = process.cpuUsage(cpu);
  const cpuS = (used.user + used.system) / 1_000_000;
  return {
    what,
    "sequences per CPU-second": round(ROUNDS / cpuS, 0),
    "CPU ms each": round((cpuS * 1_000) / ROUNDS, 2),
    "per second": round(ROUNDS / wallS, 0),
  };
}

export async function benchProbe(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [slug, era, words] of [
    ["legacy", "legacy", "legacy, 13 tools over SSE"],
    ["modern", "modern", "modern, 2 tools over JSON"],
  ] as const) {
    const server: TestServer = await fleetServer(slug);
    try {
      const loop = await measure(`bare loop, ${words}`, () => bare(server.url, era));
      const ours = await measure(`probe, ${words}`, () => whole(server.url, era));
      const ratio = Number(ours["sequences per CPU-second"]) / Number(loop["sequences per CPU-second"]);
      rows.push({ ...loop, ratio: 1 }, { ...ours, ratio: round(ratio, 2) });
    } finally {
      await server.close();
    }
  }
  return rows;
}
