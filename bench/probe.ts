// Whole probe sequences beside a bare undici loop that sends the same requests to the same server: what the record, the
// bounds and the guard cost per second of this process's CPU. The server runs in a process of its own.
import { Agent, request } from "undici";
import { monotonicMs } from "#lib/adapters/clock";
import { judge } from "#lib/checks/index";
import type { Era } from "#lib/domain/outcome";
import { probe } from "../worker/probe/transcript.ts";
import { responder, type Row, round } from "./parts.ts";

const SEQUENCES = 4_000;
/** Both loops take turns, so that what else the machine does meets both. */
const TURN = 200;
const WARM_UP = 1_500;
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

interface Spent {
  cpuS: number;
  wallS: number;
}

async function spend(count: number, once: () => Promise<void>): Promise<Spent> {
  let left = count;
  const cpu = process.cpuUsage();
  const start = performance.now();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) await once();
    }),
  );
  const used = process.cpuUsage(cpu);
  return { cpuS: (used.user + used.system) / 1_000_000, wallS: (performance.now() - start) / 1_000 };
}

function row(what: string, spent: Spent, bareS: number): Row {
  return {
    what,
    "CPU ms each": round((spent.cpuS * 1_000) / SEQUENCES, 3),
    "sequences per CPU-second": round(SEQUENCES / spent.cpuS, 0),
    "per second": round(SEQUENCES / spent.wallS, 0),
    "CPU, bare loop = 1": round(spent.cpuS / bareS, 2),
  };
}

export async function benchProbe(): Promise<Row[]> {
  const rows: Row[] = [];
  const server = await responder();
  try {
    for (const [era, words] of [
      ["legacy", "legacy, 4 requests, 13 tools over SSE"],
      ["modern", "modern, 2 requests, 13 tools over JSON"],
    ] as const) {
      const url = `${server.url}${era}/1`;
      const loops = { bare: () => bare(url, era), ours: () => whole(url, era) };
      const spent = { bare: { cpuS: 0, wallS: 0 }, ours: { cpuS: 0, wallS: 0 } };
      for (const once of Object.values(loops)) await spend(WARM_UP, once);
      for (let done = 0; done < SEQUENCES; done += TURN)
        for (const name of ["bare", "ours"] as const) {
          const { cpuS, wallS } = await spend(TURN, loops[name]);
          spent[name].cpuS += cpuS;
          spent[name].wallS += wallS;
        }
      rows.push(row(`bare undici loop, ${words}`, spent.bare, spent.bare.cpuS));
      rows.push(row(`probe and judgement, ${words}`, spent.ours, spent.bare.cpuS));
    }
    return rows;
  } finally {
    server.stop();
  }
}
