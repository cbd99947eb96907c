// Where a slot lives in Redis, and the scripts that alone touch it. Keys of one slot share the server's hash tag; the
// stream and the due set are one each, so a Redis Cluster is not supported.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Redis } from "ioredis";

/** How long a closed slot remembers that it is closed. */
export const SLOT_TTL_S = 96 * 3600;

export interface SlotId {
  tenantId: string;
  serverId: string;
  /** Start of the slot, epoch milliseconds. */
  slot: number;
}

export const sealedStream = (prefix: string) => `${prefix}:sealed`;
const slotKey = (prefix: string, id: Pick<SlotId, "serverId" | "slot">) => `${prefix}:slot:{${id.serverId}}:${id.slot}`;
const dueSet = (prefix: string) => `${prefix}:due`;

/** Slot hash, due set, stream: the KEYS of every script. */
export function slotKeys(prefix: string, id: Pick<SlotId, "serverId" | "slot">): [string, string, string] {
  return [slotKey(prefix, id), dueSet(prefix), sealedStream(prefix)];
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
    redis.defineCommand("tocsinRecord", { numberOfKeys: 3, lua: `${fold}\n${script("record")}` });
    redis.defineCommand("tocsinSeal", { numberOfKeys: 3, lua: `${fold}\n${script("seal")}` });
  }
  return redis as Redis & SlotScripts;
}
