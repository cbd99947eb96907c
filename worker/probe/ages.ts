// How long batches of one region wait for a prober, minute by minute: written where the worker's watch reads it.
import type { Redis } from "ioredis";
import { type AgeWindow, percentile, REMEMBERED, WINDOW_MS } from "#lib/domain/queue-age";

const KEPT_S = 2 * 3_600;

export const ageKey = (prefix: string, region: string) => `${prefix}:ages:${region}`;

export interface AgeBook {
  /** A batch came, due since then (epoch ms). Call what it returns when a prober has it, or when it is given up. */
  enter(dueMs: number): (nowMs: number) => void;
  /** The minute so far as one window, with those that wait; then it begins anew. Null before it is over. */
  close(nowMs: number, oldestInQueueMs?: number | null): AgeWindow | null;
}

export function ageBook(startMs: number): AgeBook {
  let since = startMs;
  let ages: number[] = [];
  const waiting = new Set<{ dueMs: number }>();
  return {
    enter(dueMs) {
      const wait = { dueMs };
      waiting.add(wait);
      return (nowMs) => {
        if (waiting.delete(wait)) ages.push(Math.max(0, nowMs - dueMs));
      };
    },
    close(nowMs, oldestInQueueMs = null) {
      if (nowMs < since) since = nowMs; // The clock was set back: no minute of it is waited for again.
      if (nowMs - since < WINDOW_MS) return null;
      const still = [...waiting].map((w) => Math.max(0, nowMs - w.dueMs));
      const all = [...ages, ...still, ...(oldestInQueueMs === null ? [] : [Math.max(0, nowMs - oldestInQueueMs)])];
      ages = [];
      since = nowMs;
      return { at: nowMs, p95Ms: Math.round(percentile(all, 95)), n: all.length };
    },
  };
}

export async function writeAge(redis: Redis, prefix: string, region: string, window: AgeWindow): Promise<void> {
  const key = ageKey(prefix, region);
  await redis
    .multi()
    .rpush(key, JSON.stringify(window))
    .ltrim(key, -REMEMBERED * 2, -1)
    .expire(key, KEPT_S)
    .exec();
}
