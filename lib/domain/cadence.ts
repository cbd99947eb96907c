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
  return Math.floor((placeOf(serverId) / 2 ** 32) * intervalS * 1_000 * SPREAD);
}

// Asked for every server in every tick of the scheduler, and always the same.
const MAX_REMEMBERED = 100_000;
const places = new Map<string, number>();

/** 32 bits of the id's hash. */
function placeOf(serverId: string): number {
  let place = places.get(serverId);
  if (place === undefined) {
    place = createHash("sha256").update(serverId).digest().readUInt32BE(0);
    if (places.size >= MAX_REMEMBERED) places.clear();
    places.set(serverId, place);
  }
  return place;
}

/** Of a server that works its conversation is kept once in so long; of one that does not, always. */
const TALK_KEPT_EVERY_S = 300;

/** True in the slots in which it is kept, which are the same in all regions. */
export function talkDue(serverId: string, slot: number, intervalS: number): boolean {
  const every = Math.max(1, Math.round(TALK_KEPT_EVERY_S / intervalS));
  return Math.floor(slot / (intervalS * 1_000)) % every === placeOf(serverId) % every;
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
