// Real MCP servers for tests: the fleet of development, further ones from npm, and raw hostile ones of our own. Each
// process is a group of its own on a loopback port below 32768, and close() ends all of it.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { portAllowed } from "#lib/adapters/http-address";
import { FLEET } from "../../start/fleet.ts";

const ROOT = join(import.meta.dirname, "../..");
export const module = (path: string) => join(ROOT, "node_modules", path);
export const LOOPBACK = ["--import", join(ROOT, "start/fleet/loopback.mjs")];
const START_BOUND_MS = 20_000;
export const TEST_API_KEY = "key-for-tests-7f3a";

export interface TestServer {
  url: string;
  port: number;
  close(): Promise<void>;
}

/** A free loopback port below the range the system hands out by itself. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries += 1) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const free = await new Promise<boolean>((done) => {
      const probe = createServer()
        .once("error", () => done(false))
        .listen(port, "127.0.0.1", () => probe.close(() => done(true)));
    });
    // A port that no probe may use would be a blocked address instead of a server.
    if (free && portAllowed(port)) return port;
  }
  throw new Error("no free port");
}

/** A member of the development fleet by its slug: legacy, sse, dual, modern, keyed, html. */
export async function fleetServer(slug: string, at?: { port?: number }): Promise<TestServer> {
  const member = FLEET.find((m) => m.slug === slug);
  if (!member?.run) throw new Error(`no such fleet server: ${slug}`);
  const folder = mkdtempSync(join(tmpdir(), "tocsin-fleet-"));
  const port = at?.port ?? (await freePort());
  const { args, env } = member.run({ port, folder, apiKey: TEST_API_KEY });
  return started(args, env, port, member.path, folder);
}

/** `command` runs behind supergateway; stateless unless told otherwise. */
export async function supergateway(
  command: string,
  options: { stateful?: boolean; output?: "streamableHttp" | "sse" } = {},
): Promise<TestServer> {
  const port = await freePort();
  const output = options.output ?? "streamableHttp";
  const args = [
    ...LOOPBACK,
    module("supergateway/dist/index.js"),
    "--stdio",
    command,
    "--outputTransport",
    output,
    "--port",
    String(port),
    "--logLevel",
    "none",
    ...(options.stateful ? ["--stateful"] : []),
  ];
  return started(args, {}, port, output === "sse" ? "/sse" : "/mcp");
}

export const MEMORY_COMMAND = `${process.execPath} ${module("@modelcontextprotocol/server-memory/dist/index.js")}`;

/** Listens and never answers; unlike a sleep it ends with the gateway, which starts it in a session of its own. */
export const SILENT_COMMAND = "cat > /dev/null";

/** mcp-proxy before server-memory, with its own further switches. */
export async function mcpProxy(...more: string[]): Promise<TestServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "tocsin-proxy-"));
  const args = [
    module("mcp-proxy/dist/bin/mcp-proxy.mjs"),
    "--port",
    String(port),
    "--host",
    "127.0.0.1",
    "--server",
    "stream",
    ...more,
    "--",
    process.execPath,
    module("@modelcontextprotocol/server-memory/dist/index.js"),
  ];
  return started(args, { MEMORY_FILE_PATH: join(folder, "memory.jsonl") }, port, "/mcp", folder);
}

/** Speaks TCP itself: what is written is up to the test. */
export async function rawServer(talk: (socket: Socket, request: string) => void): Promise<TestServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (bytes) => talk(socket, bytes.toString("latin1")));
  });
  const port = await freePort();
  await new Promise<void>((done) => server.listen(port, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    port,
    close: () =>
      new Promise((done) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => done());
      }),
  };
}

/** A process of its own group that listens on `port`. */
export async function started(
  args: string[],
  env: Record<string, string>,
  port: number,
  path: string,
  folder?: string,
): Promise<TestServer> {
  const child = spawn(process.execPath, args, {
    detached: true,
    stdio: "ignore",
    env: { ...process.env, HOME: folder ?? tmpdir(), ...env },
  });
  const close = async () => {
    await stopGroup(child);
    if (folder) rmSync(folder, { recursive: true, force: true });
  };
  try {
    await listening(port, child);
  } catch (err) {
    await close();
    throw err;
  }
  return { url: `http://127.0.0.1:${port}${path}`, port, close };
}

function stopGroup(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    if (child.pid === undefined) return done();
    // The group may outlive its leader, so it is told even when the leader is gone.
    const kill = () => {
      try {
        process.kill(-(child.pid as number), "SIGKILL");
      } catch {}
    };
    if (child.exitCode !== null || child.signalCode !== null) {
      kill();
      return done();
    }
    child.once("exit", () => done());
    kill();
  });
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  const until = performance.now() + START_BOUND_MS;
  while (performance.now() < until) {
    if (child.exitCode !== null) throw new Error(`a test server ended at once with code ${child.exitCode}`);
    const open = await new Promise<boolean>((done) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        done(true);
      }).once("error", () => done(false));
    });
    if (open) return;
    await new Promise((again) => setTimeout(again, 50));
  }
  throw new Error(`a test server did not listen on ${port} in time`);
}
