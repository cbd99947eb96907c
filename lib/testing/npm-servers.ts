// Servers that others wrote and publish on npm, each on loopback with keys that open nothing.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, LOOPBACK, module, started, type TestServer } from "./servers.ts";

interface NpmServer {
  program: string;
  args(port: number): string[];
  host?: string;
  env?: (port: number) => Record<string, string>;
}

const http = (port: number) => ["--transport", "http", "--port", String(port)];

const NPM_SERVERS = {
  "@upstash/context7-mcp": { program: "@upstash/context7-mcp/dist/index.js", args: http },
  "@antv/mcp-server-chart": {
    program: "@antv/mcp-server-chart/build/index.js",
    args: (port) => ["--transport", "streamable", "--host", "127.0.0.1", "--port", String(port)],
  },
  "@notionhq/notion-mcp-server": {
    program: "@notionhq/notion-mcp-server/bin/cli.mjs",
    args: (port) => [...http(port), "--host", "127.0.0.1", "--unsafe-disable-auth"],
    env: () => ({ NOTION_TOKEN: "ntn_none" }),
  },
  "@brave/brave-search-mcp-server": {
    program: "@brave/brave-search-mcp-server/dist/index.js",
    args: (port) => [...http(port), "--host", "127.0.0.1", "--brave-api-key", "none"],
  },
  "@playwright/mcp": {
    program: "@playwright/mcp/cli.js",
    args: (port) => ["--port", String(port), "--headless"],
    // It refuses every other name with 403.
    host: "localhost",
  },
  "the OAuth example of @modelcontextprotocol/sdk": {
    program: "@modelcontextprotocol/sdk/dist/esm/examples/server/simpleStreamableHttp.js",
    args: () => ["--oauth", "--oauth-strict"],
    env: (port) => ({ MCP_PORT: String(port), MCP_AUTH_PORT: String(port + 1) }),
  },
} as const satisfies Record<string, NpmServer>;

export type NpmName = keyof typeof NPM_SERVERS;

export async function npmServer(name: NpmName): Promise<TestServer> {
  const { program, args, env, host }: NpmServer = NPM_SERVERS[name];
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "tocsin-npm-"));
  const server = await started([...LOOPBACK, module(program), ...args(port)], env?.(port) ?? {}, port, "/mcp", folder);
  return host === undefined ? server : { ...server, url: `http://${host}:${port}/mcp` };
}
