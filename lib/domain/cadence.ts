// When a server is due. Time is cut into slots of its interval; each server has its own fixed place inside the slot, so
// that a thousand servers of one interval do not start at the same second.
import { createHash } from "node:crypto";

/** Seconds after the slot's end at which it is sealed with whatever is there. */
export const SEAL_GRACE_MS = 20_000;
/** The part of a slot in which probes start; the rest is for the slowest to finish in. */
const SPREAD = 0.75;

/** Start of the slot that holds `atMs`, epoch milliseconds. */
export function slotStart(atMs: number, intervalS: number): number {
  const length = intervalS * 1_000;
  return Math.floor(atMs / length) * length;
}

/** Milliseconds after the slot's start at which this server is probed: the same in every slot and on every machine. */
export function slotOffset(serverId: string, intervalS: number): number {
  const hash = createHash("sha256").update(serverId).digest().readUInt32BE(0);
  return Math.floor((hash / 2 ** 32) * intervalS * 1_000 * SPREAD);
}

/** The slot in which this server's place lies in [fromMs, toMs); the latest, when there are several; or null. */
export function dueWithin(serverId: string, intervalS: number, fromMs: number, toMs: number): number | null {
  const offset = slotOffset(serverId, intervalS);
  const slot = slotStart(toMs - 1 - offset, intervalS);
  return slot + offset >= fromMs ? slot : null;
}

/** When a slot is closed for good, epoch milliseconds. */
export function sealAt(slot: number, intervalS: number, graceMs = SEAL_GRACE_MS): number {
  return slot + intervalS * 1_000 + graceMs;
}

/** A probe that would end after its slot is sealed says nothing any more. */
export function tooOld(slot: number, intervalS: number, atMs: number, graceMs = SEAL_GRACE_MS): boolean {
  return atMs >= sealAt(slot, intervalS, graceMs);
}
