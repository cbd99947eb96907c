// The whole product as `npm start` brings it, in a data folder of its own: what browser tests and scenarios look at.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Child, startChild } from "./child.ts";
import { CHECKOUT } from "./places.ts";
import { freePort } from "./ports.ts";
import { Problem } from "./problem.ts";
import { type Ready, readReady } from "./ready.ts";

export interface Product extends Ready {
  dataDir: string;
  child: Child;
  stop(): Promise<void>;
}

export interface ProductOptions {
  dataDir: string;
  /** DATABASE_URL and REDIS_URL spare it stores of its own. */
  env: Record<string, string | undefined>;
  withinMs?: number;
}

/** @throws Problem with the start's last words when it ends or takes too long */
export async function startProduct(options: ProductOptions): Promise<Product> {
  const child = await startChild({
    name: "Tocsin",
    command: process.execPath,
    args: ["start/run.mjs", "start/main.ts"],
    cwd: CHECKOUT,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      PORT: String(await freePort()),
      ...options.env,
      TOCSIN_DATA: options.dataDir,
    },
    logFile: join(options.dataDir, "start.log"),
    graceMs: 15_000,
  });
  const end = performance.now() + (options.withinMs ?? 240_000);
  for (;;) {
    const ready = readReady(options.dataDir, child.pid);
    if (ready) return { ...ready, dataDir: options.dataDir, child, stop: () => child.stop("SIGTERM") };
    if (child.hasExited() || performance.now() > end) {
      await child.stop("SIGTERM");
      throw new Problem("Tocsin did not start for the tests: its last words are below.", child.logTail(40));
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export function forget(product: Product): void {
  rmSync(product.dataDir, { recursive: true, force: true });
}
