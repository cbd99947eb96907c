// Free ports on 127.0.0.1, remembered per data folder so that addresses that were written down stay right.
import { randomInt } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { portAllowed } from "#lib/adapters/http-address";
import { Problem } from "./problem.ts";

// Below the range from which the system gives ports to outgoing connections, so that nothing takes them between starts.
const FROM = 20_000;
const UNTIL = 32_000;

export function isFree(port: number, host = "127.0.0.1"): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Waits up to withinMs for a port that somebody may be about to leave. */
export async function becomesFree(port: number, host: string, withinMs: number): Promise<boolean> {
  const end = performance.now() + withinMs;
  while (!(await isFree(port, host))) {
    if (performance.now() >= end) return false;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return true;
}

/** @throws Problem when fifty picks in a row are taken */
export async function freePort(except: ReadonlySet<number> = new Set()): Promise<number> {
  for (let i = 0; i < 50; i++) {
    const port = randomInt(FROM, UNTIL);
    // The fleet's servers stand on such ports, and a probe refuses those of other protocols.
    if (!except.has(port) && portAllowed(port) && (await isFree(port))) return port;
  }
  throw new Problem(`No free port between ${FROM} and ${UNTIL} on 127.0.0.1: end what holds them, then start again.`);
}

export interface Ports {
  /** The same port for the same name as last time, unless somebody else holds it now. */
  of(name: string): Promise<number>;
}

export function rememberedPorts(folder: string): Ports {
  const file = join(folder, "ports.json");
  const known = existsSync(file) ? readKnown(file) : new Map<string, number>();
  const given = new Set<number>();
  return {
    async of(name) {
      const before = known.get(name);
      const port =
        before !== undefined && !given.has(before) && (await isFree(before))
          ? before
          : await freePort(new Set([...known.values(), ...given]));
      given.add(port);
      known.set(name, port);
      writeFileSync(file, `${JSON.stringify(Object.fromEntries(known), null, 2)}\n`);
      return port;
    },
  };
}

function readKnown(file: string): Map<string, number> {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, "utf8"));
    return new Map(Object.entries(parsed as object).filter((e): e is [string, number] => Number.isInteger(e[1])));
  } catch {
    return new Map(); // A torn file only costs the memory of ports.
  }
}
