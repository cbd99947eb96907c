// Data keys in clear, for five minutes and a thousand at most. Callers get a copy that they overwrite; what leaves the
// cache is overwritten, so that a key is in memory once and not for long.
import { monotonicMs } from "../clock.ts";

export const CACHE_MS = 5 * 60_000;
export const CACHE_KEYS = 1_000;

export interface KeyCache {
  /** A copy. @param load asked once for all who wait for the same key */
  get(tenantId: string, keyId: string, load: () => Promise<Buffer>): Promise<Buffer>;
  /** A copy, or null when it would have to be loaded. */
  peek(tenantId: string, keyId: string): Buffer | null;
  clear(): void;
  readonly size: number;
}

export function keyCache(most = CACHE_KEYS, forMs = CACHE_MS, clock: () => number = monotonicMs): KeyCache {
  const held = new Map<string, { key: Buffer; until: number }>();
  const loading = new Map<string, Promise<Buffer>>();
  // Both are UUIDs: neither can hold the sign between them.
  const nameOf = (tenantId: string, keyId: string) => `${tenantId}/${keyId}`;
  const drop = (name: string) => {
    held.get(name)?.key.fill(0);
    held.delete(name);
  };
  const peek = (name: string): Buffer | null => {
    const found = held.get(name);
    if (!found) return null;
    if (clock() >= found.until) {
      drop(name);
      return null;
    }
    return Buffer.from(found.key);
  };
  let sweptAt = clock();
  const keep = (name: string, key: Buffer) => {
    drop(name);
    const at = clock();
    if (at - sweptAt >= forMs / 5) {
      sweptAt = at;
      for (const [old, { until }] of held) if (at >= until) drop(old);
    }
    const oldest = held.size >= most ? held.keys().next().value : undefined;
    if (oldest !== undefined) drop(oldest);
    held.set(name, { key: Buffer.from(key), until: at + forMs });
  };
  let era = 0;
  return {
    async get(tenantId, keyId, load) {
      const name = nameOf(tenantId, keyId);
      const known = peek(name);
      if (known) return known;
      let under = loading.get(name);
      if (!under) {
        const startedIn = era;
        under = load().then((key) => {
          // Cleared meanwhile: then it is not for keeping.
          if (startedIn === era) keep(name, key);
          return key;
        });
        loading.set(name, under);
        const done = () => loading.get(name) === under && loading.delete(name);
        under.then(done, done);
      }
      return Buffer.from(await under);
    },
    peek: (tenantId, keyId) => peek(nameOf(tenantId, keyId)),
    clear() {
      era++;
      loading.clear();
      for (const name of [...held.keys()]) drop(name);
    },
    get size() {
      return held.size;
    },
  };
}
