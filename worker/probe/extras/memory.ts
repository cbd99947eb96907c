// What a region remembers of its servers' extra checks between two looks: results, counted looks, and sessions that are
// held, sealed. In Redis, so that any process of the region goes on where another stopped; losing it costs a look.
import type { Redis } from "ioredis";
import { z } from "zod";
import type { Db } from "#lib/adapters/db";
import { places, type SecretBox } from "#lib/adapters/secrets";
import type { Remembered } from "#lib/domain/extra-check/due";
import { extraResultSchema } from "#lib/domain/outcome";
import { dayOf } from "#lib/domain/utc-day";
import type { HeldSession } from "./looking.ts";

export interface MemoryDeps {
  region: string;
  db: Db;
  redis: Redis;
  prefix: string;
  box: SecretBox;
}

const KEPT_S = 86_400;
const COUNTED_S = 2 * 86_400;
const rememberedSchema: z.ZodType<Remembered> = z.object({ of: z.string(), result: extraResultSchema });
const heldSchema = z.object({ id: z.string().max(1_024), version: z.string().max(40), at: z.number() });

const keyOf = (deps: MemoryDeps, serverId: string) => `${deps.prefix}:extra:${deps.region}:${serverId}`;
const looksKey = (deps: MemoryDeps, checkId: string, atMs: number) => `${deps.prefix}:looks:${checkId}:${dayOf(atMs)}`;

export interface Memory {
  results: Map<string, Remembered>;
  /** By check; sealed. */
  held: Map<string, string>;
}

/** @returns in the order of the servers */
export async function recall(deps: MemoryDeps, serverIds: readonly string[]): Promise<Memory[]> {
  const all = await Promise.all(serverIds.map((id) => deps.redis.hgetall(keyOf(deps, id))));
  return all.map((fields) => {
    const memory: Memory = { results: new Map(), held: new Map() };
    for (const [field, value] of Object.entries(fields)) {
      if (field.startsWith("s.")) memory.held.set(field.slice(2), value);
      else {
        const read = rememberedSchema.safeParse(json(value));
        if (read.success) memory.results.set(field, read.data);
      }
    }
    return memory;
  });
}

/** A session that does not open is forgotten: the server drops it by itself. */
export async function openHeld(
  deps: MemoryDeps,
  tenantId: string,
  checkId: string,
  sealed: string,
): Promise<(HeldSession & { at: number }) | null> {
  try {
    const place = places.heldSession(tenantId, checkId, deps.region);
    const read = heldSchema.safeParse(json(await deps.box.open(deps.db, place, Buffer.from(sealed, "base64"))));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
}

/** @param held null: forget the one that was held */
export async function remember(
  deps: MemoryDeps,
  tenantId: string,
  serverId: string,
  results: readonly Remembered[],
  held: Readonly<Record<string, HeldSession | null>>,
  atMs: number,
): Promise<void> {
  const key = keyOf(deps, serverId);
  const fields: Record<string, string> = Object.fromEntries(results.map((r) => [r.result.id, JSON.stringify(r)]));
  const gone: string[] = [];
  for (const [checkId, session] of Object.entries(held)) {
    if (session === null) gone.push(`s.${checkId}`);
    else {
      const place = places.heldSession(tenantId, checkId, deps.region);
      const sealed = await deps.box.seal(deps.db, place, JSON.stringify({ ...session, at: atMs }));
      fields[`s.${checkId}`] = Buffer.from(sealed).toString("base64");
    }
  }
  const line = deps.redis.pipeline();
  if (gone.length > 0) line.hdel(key, ...gone);
  if (Object.keys(fields).length > 0) line.hset(key, fields);
  line.expire(key, KEPT_S);
  await line.exec();
}

/**
 * Counts one look of the day, over all regions and processes: whoever gets a number above the limit gives it back.
 * @returns the number of looks with this one, or null when none is left
 */
export async function takeLook(deps: MemoryDeps, checkId: string, limit: number, atMs: number): Promise<number | null> {
  const key = looksKey(deps, checkId, atMs);
  const used = await deps.redis.incr(key);
  if (used === 1) await deps.redis.expire(key, COUNTED_S);
  if (used <= limit) return used;
  await deps.redis.decr(key);
  return null;
}

/** A look that did not come about costs nothing. */
export async function giveBack(deps: MemoryDeps, checkId: string, atMs: number): Promise<void> {
  await deps.redis.decr(looksKey(deps, checkId, atMs));
}

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
