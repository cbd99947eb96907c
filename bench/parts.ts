// What every measurement needs: real stores, a receiver in its own process, and a table.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { dataFolder } from "../start/places.ts";
import { startPostgres } from "../start/postgres.ts";
import { startRedis } from "../start/redis.ts";

export interface Row {
  what: string;
  [column: string]: string | number;
}

export interface Stores {
  stop(): Promise<void>;
}

/** Starts PostgreSQL (fsync on, as in production) and Redis, and names them for lib/testing. */
export async function stores(): Promise<Stores> {
  const dir = mkdtempSync(join(tmpdir(), "tocsin-bench-"));
  const postgres = await startPostgres({ dataDir: join(dir, "postgres") });
  const redis = await startRedis({
    dataDir: join(dir, "redis"),
    toolsDir: join(dataFolder(), "tools"),
    appendOnly: true,
  });
  process.env.TOCSIN_TEST_DATABASE_URL = postgres.ownerUrl;
  process.env.TOCSIN_TEST_REDIS_URL = redis.url;
  return {
    async stop() {
      await redis.stop();
      await postgres.stop();
      rmSync(postgres.folder, { recursive: true, force: true }); // As root it may lie elsewhere.
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export interface Receiver {
  url: string;
  /** delivery id → arrival, epoch ms; empties the receiver. */
  arrivals(): Promise<Map<string, number>>;
  stop(): void;
}

async function listener(program: string): Promise<{ url: string; stop(): void }> {
  const child = fork(join(import.meta.dirname, program), { stdio: ["ignore", "pipe", "inherit", "ipc"] });
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  const { port } = JSON.parse(line.toString()) as { port: number };
  return { url: `http://127.0.0.1:${port}/`, stop: () => child.kill() };
}

export interface Responder {
  /** MCP servers: url + "legacy/…" and url + "modern/…". */
  url: string;
  /** Path and epoch ms of the first request of each probe since the last call. */
  starts(): Promise<[path: string, at: number][]>;
  /** Requests to url + "get/…" so far. */
  gets(): Promise<number>;
  stop(): void;
}

export async function responder(): Promise<Responder> {
  const { url, stop } = await listener("responder.ts");
  const gets = async () => Number(await (await fetch(`${url}gets`)).text());
  return { url, stop, gets, starts: async () => (await (await fetch(`${url}starts`)).json()) as [string, number][] };
}

export async function receiver(): Promise<Receiver> {
  const { url, stop } = await listener("receiver.ts");
  return {
    url,
    arrivals: async () => new Map((await (await fetch(url)).json()) as [string, number][]),
    stop,
  };
}

export function percentile(values: number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((p / 100) * sorted.length))] ?? Number.NaN;
}

export const round = (n: number, digits = 1): number => Number(n.toFixed(digits));

export function print(title: string, rows: Row[]): void {
  console.log(`\n${title}`);
  console.table(Object.fromEntries(rows.map(({ what, ...rest }) => [what, rest])));
}
