// Where things lie: the checkout, and the data folder that belongs to it.
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { messageOf, Problem } from "./problem.ts";

export const CHECKOUT = resolve(import.meta.dirname, "..");

/** TOCSIN_DATA, or .tocsin in the checkout; absolute. */
export function dataFolder(source: NodeJS.ProcessEnv = process.env): string {
  return resolve(CHECKOUT, source.TOCSIN_DATA || ".tocsin");
}

/** @throws Problem when the folder cannot be made or written to */
export function makeWritable(folder: string): string {
  try {
    mkdirSync(folder, { recursive: true });
    const probe = join(folder, `.write-${process.pid}`);
    writeFileSync(probe, "");
    rmSync(probe);
    return folder;
  } catch (error) {
    throw new Problem(
      `Cannot write to ${folder}: make it writable for this user, or name another folder in TOCSIN_DATA.`,
      messageOf(error),
    );
  }
}

export const runsAsRoot = (): boolean => process.getuid?.() === 0;

/** Whether any user of this machine can reach the folder: every folder above it lets others pass. */
export function everyoneCanReach(folder: string): boolean {
  for (let at = resolve(folder); ; at = dirname(at)) {
    try {
      if ((statSync(at).mode & 0o001) === 0) return false;
    } catch {
      // Not there yet: it will be made by us, and its parents decide.
    }
    if (at === dirname(at)) return true;
  }
}

/** Short and stable name of a folder, for places that cannot be inside it. */
export function folderDigest(folder: string): string {
  return createHash("sha256").update(resolve(folder)).digest("hex").slice(0, 12);
}
