// Regions whose clocks disagree: the minute is the scheduler's, so one verdict comes of it, on both sides of its edges.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fold, type SealedSlot } from "#lib/domain/verdict";
import { aSealedSlot } from "#lib/testing/sealed";
import { type TestRedis, testRedis } from "#lib/testing/redis";
import { openSlot, record } from "./record.ts";
import { sealDue } from "./seal.ts";
import { sealedStream } from "./slots.ts";

const MINUTE = 60_000;
const SKEW = { fra: 20_000, iad: -20_000, sin: 0 } as const;
const REGIONS = ["fra", "iad", "sin"] as const;
const tenantId = randomUUID();
let store: TestRedis;
beforeAll(() => {
  store = testRedis();
});
afterAll(() => store.close());

test.each([
  ["begins", 1_000],
  ["is at its middle", 30_000],
  ["ends", 59_000],
  ["is over and not closed yet", 61_000],
])(
  "regions 20 s ahead, 20 s behind and right, when the minute %s, make one verdict of that minute",
  async (_, intoMs) => {
    const serverId = randomUUID();
    const slot = Date.parse("2026-11-21T12:00:00Z");
    const plan = { tenantId, serverId, slot, intervalS: 60, expected: [...REGIONS] };
    const seen = aSealedSlot({ tenantId, serverId, slot }, { fra: "timeout", iad: "timeout", sin: "up" });
    await openSlot(store.redis, store.prefix, plan, new Date(slot));
    const said = await Promise.all(
      REGIONS.map((region) => {
        const outcome = seen.outcomes[region];
        if (outcome === undefined) throw new Error(region);
        const own = new Date(slot + intoMs + SKEW[region]);
        // Too late by a clock that is ahead is said to be late, never to be of another minute.
        return record(store.redis, store.prefix, plan, { ...outcome, finishedAt: own.getTime() }, null, own);
      }),
    );
    await sealDue(store.redis, store.prefix, new Date(slot + 2 * MINUTE));
    const entries = (await store.redis.xrange(sealedStream(store.prefix), "-", "+"))
      .map(([, fields]) => JSON.parse(fields[1] ?? "{}") as SealedSlot)
      .filter((e) => e.serverId === serverId);
    expect(entries.map((e) => e.slot)).toEqual([slot]);
    const late = intoMs + SKEW.fra >= 80_000;
    expect(said[0] === "late").toBe(late);
    const [entry] = entries as [SealedSlot];
    expect(Object.keys(entry.outcomes).sort()).toEqual(late ? ["iad", "sin"] : ["fra", "iad", "sin"]);
    expect(new Set(Object.values(entry.outcomes).map((o) => o.slot))).toEqual(new Set([slot]));
    // Two agree; with one of them late the other alone is a warning, and nobody is paged by a clock.
    expect(fold(entry)).toMatchObject(late ? { pattern: "one" } : { status: "down", pattern: "some" });
  },
);
