// A private Redis on a unix socket: nothing on the network, nothing of the system touched. Persistence only where asked.
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { type Child, startChild } from "./child.ts";
import { folderDigest, makeWritable } from "./places.ts";
import { messageOf, Problem } from "./problem.ts";
import { redisProgram } from "./redis-program.ts";

export interface RunningRedis {
  /** What `new Redis(url)` takes: the path of the socket. */
  url: string;
  pid: number;
  stop(how?: "save" | "kill"): Promise<void>;
  exited: Promise<string>;
}

export interface RedisOptions {
  dataDir: string;
  /** Where a downloaded server is kept and looked for. */
  toolsDir: string;
  /** Keeps what it knows over a restart. */
  appendOnly: boolean;
  /** Told when something is about to be downloaded, because that takes a while. */
  say?: (line: string) => void;
}

// sun_path holds 108 bytes on Linux and 104 on macOS, with the closing zero.
const MAX_SOCKET_PATH = 100;
const READY_WITHIN_MS = 20_000;

/** @throws Problem with one sentence when there is no server or it does not start */
export async function startRedis(options: RedisOptions): Promise<RunningRedis> {
  makeWritable(options.dataDir);
  const program = await redisProgram(options.toolsDir, options.say ?? (() => {}));
  const socket = socketPath(options.dataDir);
  await refuseSecond(socket, options.dataDir);
  const child = await startChild({
    name: "Redis",
    command: program.command,
    args: settings(options, socket),
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C", LD_LIBRARY_PATH: program.libraryPath },
    cwd: options.dataDir,
    logFile: join(options.dataDir, "redis.log"),
    graceMs: 6_000,
  });
  try {
    await answers(socket, child);
  } catch (error) {
    await child.stop("SIGKILL");
    throw new Problem(
      `Redis did not start in ${options.dataDir}: its log redis.log there says why; set REDIS_URL to use a server of yours.`,
      `${messageOf(error)}\n${child.logTail()}`,
    );
  }
  return {
    url: socket,
    pid: child.pid,
    exited: child.exited,
    stop: (how = "save") => child.stop(how === "save" ? "SIGTERM" : "SIGKILL"),
  };
}

function settings(options: RedisOptions, socket: string): string[] {
  const given: Record<string, string> = {
    port: "0",
    unixsocket: socket,
    unixsocketperm: "700",
    dir: options.dataDir,
    save: "",
    appendonly: options.appendOnly ? "yes" : "no",
    // Queues must never be evicted: a full Redis has to say so.
    "maxmemory-policy": "noeviction",
    daemonize: "no",
  };
  return Object.entries(given).flatMap(([name, value]) => [`--${name}`, value]);
}

function socketPath(dataDir: string): string {
  const inside = join(dataDir, "redis.sock");
  if (Buffer.byteLength(inside) <= MAX_SOCKET_PATH) return inside;
  const folder = join(tmpdir(), `tocsin-${process.getuid?.() ?? 0}-${folderDigest(dataDir)}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return join(folder, "redis.sock");
}

/** Two servers that append to one file would ruin it. One whose starter was killed ends within seconds: wait for it. */
async function refuseSecond(socket: string, dataDir: string): Promise<void> {
  for (let i = 0; i < 20 && existsSync(socket); i++) {
    if (!(await ping(socket))) return rmSync(socket, { force: true });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (existsSync(socket))
    throw new Problem(
      `Redis already runs on ${dataDir}: another start of Tocsin uses this data folder; end that one, or name another folder in TOCSIN_DATA.`,
    );
}

async function answers(socket: string, child: Child): Promise<void> {
  const end = performance.now() + READY_WITHIN_MS;
  while (!(await ping(socket))) {
    if (child.hasExited()) throw new Error(`the server ended (${await child.exited})`);
    if (performance.now() > end) throw new Error("no answer in time");
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

async function ping(url: string): Promise<boolean> {
  const redis = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: 1_000,
  });
  redis.on("error", () => {});
  try {
    await redis.connect();
    return (await redis.ping()) === "PONG";
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}
