// When a region looks at an extra check again, and what an earlier look is still worth. PURE.
import { createHash } from "node:crypto";
import type { ExtraResult } from "../outcome.ts";

/** What a region remembers of a check. `of` tells an agreement from a changed one. */
export interface Remembered {
  of: string;
  result: ExtraResult;
}

/**
 * Each region and check has its own place in the period, so that neither regions nor servers look at the same moment.
 * @returns the number of the period that holds `atMs`
 */
export function periodOf(checkId: string, region: string, everyS: number, atMs: number): number {
  const hash = createHash("sha256").update(`${checkId} ${region}`).digest().readUInt32BE(0);
  return Math.floor((atMs + (hash % (everyS * 1_000))) / (everyS * 1_000));
}

/**
 * Once a period; after anything but a good look in every slot, so that a run of failures is a run of looks.
 * @param slot start of the slot that is probed now, epoch milliseconds
 */
export function isDue(
  check: { id: string; everyS: number },
  region: string,
  last: ExtraResult | null,
  slot: number,
): boolean {
  if (last === null || last.at === null || last.status !== "up") return true;
  // Looked at in the future: the clock was wrong, and nothing may stay green until it is as late as that.
  if (last.at - slot > believedMs(check, 0)) return true;
  return periodOf(check.id, region, check.everyS, slot) > periodOf(check.id, region, check.everyS, last.at);
}

/** A good look is believed for so long; then nothing is known. */
export const believedMs = (check: { everyS: number }, intervalS: number): number =>
  2 * Math.max(check.everyS, intervalS) * 1_000 + 60_000;

/** A failing look holds until a good one: silence is no recovery. */
export function stillHolds(last: ExtraResult, check: { everyS: number }, intervalS: number, nowMs: number): boolean {
  if (last.status === "degraded" || last.status === "down") return true;
  return last.at !== null && Math.abs(nowMs - last.at) <= believedMs(check, intervalS);
}

/** What the check agrees on, in few characters: another agreement makes earlier looks worthless. */
export const agreementOf = (check: { kind: string; settings: unknown }): string =>
  createHash("sha256")
    .update(JSON.stringify([check.kind, check.settings]))
    .digest("base64url")
    .slice(0, 16);
