// The live fleet of development: real MCP servers from npm, each a process on its own port, and what a person would
// say of each. Seed and scenarios read this list; start/main.ts runs it.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Era } from "#lib/domain/outcome";
import type { Reason, Status } from "#lib/domain/reason";
import { CHECKOUT } from "./places.ts";

export interface FleetMember {
  slug: string;
  name: string;
  /** What it is, for people. */
  what: string;
  path: string;
  expected: { status: Status; reason: Reason | null; era: Era | null };
  /** It asks for this header; the value is made per data folder. */
  header?: string;
  /** Program, arguments and variables; null for the port where nothing listens. */
  run: ((at: RunAt) => { args: string[]; env: Record<string, string> }) | null;
}

export interface RunAt {
  port: number;
  /** The member may write here. */
  folder: string;
  apiKey: string;
}

/** A member as others see it. */
export interface FleetServer {
  slug: string;
  name: string;
  url: string;
  expected: FleetMember["expected"];
  credential?: { header: string; value: string };
}

const modules = join(CHECKOUT, "node_modules");
const everything = join(modules, "@modelcontextprotocol/server-everything/dist/index.js");
const filesystem = join(modules, "@modelcontextprotocol/server-filesystem/dist/index.js");
const memory = join(modules, "@modelcontextprotocol/server-memory/dist/index.js");
const mcpProxy = join(modules, "mcp-proxy/dist/bin/mcp-proxy.mjs");
const ours = (file: string): string => join(import.meta.dirname, "fleet", file);
// It listens on every interface and cannot be told otherwise by itself.
const onLoopback = ["--import", ours("loopback.mjs")];
const proxied = (port: number, ...server: string[]): string[] => [
  mcpProxy,
  "--port",
  String(port),
  "--host",
  "127.0.0.1",
  "--server",
  "stream",
  "--",
  process.execPath,
  ...server,
];

export const FLEET: readonly FleetMember[] = [
  {
    slug: "legacy",
    name: "Everything (sessions)",
    what: "Streamable HTTP with sessions, protocol 2025-11-25",
    path: "/mcp",
    expected: { status: "up", reason: null, era: "legacy" },
    run: ({ port }) => ({ args: [...onLoopback, everything, "streamableHttp"], env: { PORT: String(port) } }),
  },
  {
    slug: "sse",
    name: "Everything (HTTP+SSE)",
    what: "the older HTTP+SSE transport, protocol 2024-11-05",
    path: "/sse",
    expected: { status: "up", reason: null, era: "sse" },
    run: ({ port }) => ({ args: [...onLoopback, everything, "sse"], env: { PORT: String(port) } }),
  },
  {
    slug: "dual",
    name: "Files (both eras)",
    what: "mcp-proxy before server-filesystem: answers 2025 and 2026 clients",
    path: "/mcp",
    expected: { status: "up", reason: null, era: "dual" },
    run: ({ port, folder }) => {
      const files = join(folder, "files");
      mkdirSync(files, { recursive: true });
      writeFileSync(join(files, "hello.txt"), "This file is served by the development fleet.\n");
      return { args: proxied(port, filesystem, files), env: {} };
    },
  },
  {
    slug: "modern",
    name: "Almanac (2026-07-28 only)",
    what: "no handshake and no sessions; refuses older clients",
    path: "/mcp",
    expected: { status: "up", reason: null, era: "modern" },
    run: ({ port }) => ({ args: [ours("modern.ts"), String(port)], env: {} }),
  },
  {
    slug: "keyed",
    name: "Memory (behind a key)",
    what: "mcp-proxy before server-memory, asks for X-API-Key",
    path: "/mcp",
    header: "X-API-Key",
    expected: { status: "up", reason: null, era: "dual" },
    run: ({ port, folder, apiKey }) => ({
      args: proxied(port, memory),
      env: { MCP_PROXY_API_KEY: apiKey, MEMORY_FILE_PATH: join(folder, "memory.jsonl") },
    }),
  },
  {
    slug: "html",
    name: "A web page, not MCP",
    what: "answers every request with 200 and HTML",
    path: "/mcp",
    expected: { status: "down", reason: "not_mcp", era: null },
    run: ({ port }) => ({ args: [ours("html.ts"), String(port)], env: {} }),
  },
  {
    slug: "dead",
    name: "Nothing listens here",
    what: "a port without a process",
    path: "/mcp",
    expected: { status: "down", reason: "connection_refused", era: null },
    run: null,
  },
];

/** @param portOf each member's port, by slug */
export function fleetServers(portOf: ReadonlyMap<string, number>, apiKey: string): FleetServer[] {
  return FLEET.map((m) => ({
    slug: m.slug,
    name: m.name,
    url: `http://127.0.0.1:${portOf.get(m.slug)}${m.path}`,
    expected: m.expected,
    ...(m.header === undefined ? {} : { credential: { header: m.header, value: apiKey } }),
  }));
}
