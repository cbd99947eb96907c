// A file that is there exactly while all runs: what waits for a start, or wants its addresses, reads it.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { InboxReady } from "./inbox-bases.ts";

export interface Ready {
  pid: number;
  /** The console. */
  url: string;
  issuer: string;
  inbox: InboxReady | null;
}

let written: string | undefined;
const readyFile = (dataDir: string): string => join(dataDir, "ready.json");

export function announceReady(dataDir: string, ready: Ready): void {
  written = readyFile(dataDir);
  writeFileSync(written, JSON.stringify(ready));
}

export function withdrawReady(): void {
  if (written !== undefined) rmSync(written, { force: true });
}

/** @param pid of the start that is meant: a file of an earlier one that was killed does not count */
export function readReady(dataDir: string, pid: number): Ready | undefined {
  const file = readyFile(dataDir);
  if (!existsSync(file)) return undefined;
  try {
    const ready = JSON.parse(readFileSync(file, "utf8")) as Ready;
    return ready.pid === pid ? ready : undefined;
  } catch {
    return undefined; // Half written: look again.
  }
}
