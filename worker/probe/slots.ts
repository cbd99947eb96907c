// Where a slot lives in Redis, and the scripts that alone touch it. Keys of one slot share the server's hash tag; the
// stream and the due set are one each, so a Redis Cluster is not supported.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Redis } from "ioredis";

/** A closed slot remembers that it is closed for at least so long after the end of its day. */
const SHUT_TTL_S = 96 * 3600;
/** A slot that nobody closes goes by itself. */
export const SLOT_TTL_S = SHUT_TTL_S + 24 * 3600;
const DAY_MS = 86_400_000;
/** Every interval is a multiple of it: a bit is one slot, and a server's day 2 KB at most. */
const BIT_MS = 5_000;

export interface SlotId {
  tenantId: string;
  serverId: string;
  /** Start of the slot, epoch milliseconds. */
  slot: number;
}

export const sealedStream = (prefix: string) => `${prefix}:sealed`;
const slotKey = (prefix: string, id: Pick<SlotId, "serverId" | "slot">) => `${prefix}:slot:{${id.serverId}}:${id.slot}`;
const dueSet = (prefix: string) => `${prefix}:due`;

/** One bit for each slot of a server's day that is closed: a key for each slot would be a thousand times as much. */
const shutBits = (prefix: string, id: Pick<SlotId, "serverId" | "slot">) =>
  `${prefix}:shut:{${id.serverId}}:${Math.floor(id.slot / DAY_MS)}`;

/** Which bit of shutBits is this slot's. */
export const shutBit = (slot: number): number => Math.floor((slot % DAY_MS) / BIT_MS);

/** Slot hash, due set, stream, bits of the closed slots: the KEYS of every script. */
export function slotKeys(prefix: string, id: Pick<SlotId, "serverId" | "slot">): [string, string, string, string] {
  return [slotKey(prefix, id), dueSet(prefix), sealedStream(prefix), shutBits(prefix, id)];
}

export const dueMember = (id: Pick<SlotId, "serverId" | "slot">) => `${id.serverId}|${id.slot}`;

interface SlotScripts {
  tocsinRecord(...args: (string | number)[]): Promise<"late" | "opened" | "duplicate" | "recorded" | "sealed">;
  tocsinSeal(...args: (string | number)[]): Promise<"sealed" | "already" | "gone">;
}

const script = (name: string) => readFileSync(join(import.meta.dirname, "lua", `${name}.lua`), "utf8");

/** Teaches a connection the scripts, once per connection. */
export function withScripts(redis: Redis): Redis & SlotScripts {
  const known = redis as Redis & Partial<SlotScripts>;
  if (!known.tocsinRecord) {
    const fold = script("fold");
    redis.defineCommand("tocsinRecord", { numberOfKeys: 4, lua: `${fold}\n${script("record")}` });
    redis.defineCommand("tocsinSeal", { numberOfKeys: 4, lua: `${fold}\n${script("seal")}` });
  }
  return redis as Redis & SlotScripts;
}
