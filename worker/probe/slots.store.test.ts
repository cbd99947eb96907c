import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { Redis } from "ioredis";
import { afterAll, describe, expect, test } from "vitest";
import { sealAt } from "#lib/domain/cadence";
import type { Outcome } from "#lib/domain/outcome";
import { testRedis } from "#lib/testing/redis";
import { openSlot, record, type SlotPlan } from "./record.ts";
import { sealDue } from "./seal.ts";
import { sealedStream, slotKeys } from "./slots.ts";

const { url, redis, prefix, close } = testRedis();
afterAll(close);

const SLOT = Date.parse("2026-11-21T12:00:00Z");
const DUE = sealAt(SLOT, 60);
const REGIONS = ["fra", "iad", "sin"];

function plan(expected = REGIONS): SlotPlan {
  return { tenantId: randomUUID(), serverId: randomUUID(), slot: SLOT, intervalS: 60, expected };
}

function outcome(p: SlotPlan, region: string, given: Partial<Outcome> = {}): Outcome {
  return {
    tenantId: p.tenantId,
    serverId: p.serverId,
    region,
    slot: p.slot,
    status: "up",
    auth: "open",
    reason: null,
    phase: null,
    evidence: {},
    era: "legacy",
    protocolVersion: "2025-11-25",
    serverName: "x",
    timings: { totalMs: 12.345678901 },
    tools: null,
    cold: false,
    finishedAt: SLOT + 1_000,
    ...given,
  };
}

const at = (ms: number) => new Date(ms);
const write = (p: SlotPlan, region: string, ms: number, given: Partial<Outcome> = {}) =>
  record(redis, prefix, p, outcome(p, region, given), null, at(ms));

async function sealed(p: SlotPlan): Promise<{ expected: string[]; outcomes: Record<string, Outcome>; slot: number }[]> {
  const entries = await redis.xrange(sealedStream(prefix), "-", "+");
  return entries.map(([, fields]) => JSON.parse(fields[1] ?? "{}")).filter((e) => e.serverId === p.serverId);
}

describe("a slot", () => {
  test("is sealed by the region that completes it, with every outcome as it was written", async () => {
    const p = plan();
    expect(await write(p, "fra", SLOT + 1)).toBe("recorded");
    expect(
      await write(p, "iad", SLOT + 2, {
        status: "down",
        reason: "timeout",
        evidence: { detail: 'a "quote", \u2028 and a NUL \u0000', bodyHead: "[]" },
      }),
    ).toBe("recorded");
    expect(await write(p, "sin", SLOT + 3)).toBe("sealed");
    const [entry, ...more] = await sealed(p);
    expect(more).toEqual([]);
    expect(entry).toMatchObject({ tenantId: p.tenantId, slot: SLOT, expected: REGIONS, transcripts: { fra: null } });
    expect(Object.keys(entry?.outcomes ?? {})).toEqual(REGIONS);
    expect(entry?.outcomes.fra?.timings.totalMs).toBe(12.345678901);
    expect(entry?.outcomes.iad?.evidence.detail).toBe('a "quote", \u2028 and a NUL ');
  });

  test("is sealed at its time with what is there, and not a millisecond before", async () => {
    const p = plan();
    await write(p, "fra", SLOT + 1);
    await sealDue(redis, prefix, at(DUE - 1));
    expect(await sealed(p)).toEqual([]);
    await sealDue(redis, prefix, at(DUE));
    expect(Object.keys((await sealed(p))[0]?.outcomes ?? {})).toEqual(["fra"]);
  });

  test("that nobody answered is sealed empty, so that it can be shown as not checked", async () => {
    const p = plan();
    await openSlot(redis, prefix, p, at(SLOT));
    await sealDue(redis, prefix, at(DUE));
    expect(await sealed(p)).toMatchObject([{ expected: REGIONS, outcomes: {} }]);
  });

  test("takes a region's first word only", async () => {
    const p = plan();
    await write(p, "fra", SLOT + 1, { status: "down", reason: "timeout" });
    expect(await write(p, "fra", SLOT + 2, { status: "up" })).toBe("duplicate");
    await sealDue(redis, prefix, at(DUE));
    expect((await sealed(p))[0]?.outcomes.fra?.status).toBe("down");
  });

  test("whose time is over refuses a write even when Redis lost the mark", async () => {
    const p = plan(["fra"]);
    expect(await write(p, "fra", SLOT + 1)).toBe("sealed");
    await redis.del(slotKeys(prefix, p)[0], slotKeys(prefix, p)[3]);
    expect(await write(p, "fra", DUE)).toBe("late");
    expect(await sealed(p)).toHaveLength(1);
  });

  test("never holds what is no outcome", async () => {
    const p = plan();
    await expect(
      record(redis, prefix, p, { ...outcome(p, "fra"), status: "fine" as never }, null, at(SLOT)),
    ).rejects.toThrow();
    expect(await redis.exists(slotKeys(prefix, p)[0])).toBe(0);
  });

  test("keeps one bit for 96 hours and nothing else", async () => {
    const p = plan(["fra"]);
    await write(p, "fra", SLOT + 1);
    const [hash, , , shut] = slotKeys(prefix, p);
    expect(await redis.exists(hash)).toBe(0);
    expect(await redis.bitcount(shut)).toBe(1);
    expect(await redis.ttl(shut)).toBeGreaterThan(96 * 3600);
    const whole = Array.from({ length: 24 * 60 }, (_, i) => ({ ...p, slot: SLOT - (SLOT % 86_400_000) + i * 60_000 }));
    for (const each of whole) await write(each, "fra", each.slot + 1);
    expect(await redis.bitcount(shut)).toBe(24 * 60);
    expect(await redis.memory("USAGE", shut)).toBeLessThan(3_000);
  });

  test("of one server is closed without closing the one before or after it, also across midnight", async () => {
    const p = plan(["fra"]);
    const midnight = SLOT - (SLOT % 86_400_000);
    for (const slot of [midnight, midnight - 15_000, midnight + 15_000]) {
      const each = { ...p, slot, intervalS: 15 };
      expect(await write(each, "fra", slot + 1)).toBe("sealed");
      expect(await write(each, "fra", slot + 2)).toBe("late");
    }
  });

  // The adversary: regions partitioned, repeated and reordered, clocks 20 s apart, answers lost on the way so that a
  // region asks again, and several sweepers at any moment, each on a connection of its own that may die.
  test("seals exactly once, holds every outcome that was accepted, and never changes afterwards", async () => {
    const ms = fc.integer({ min: SLOT - 20_000, max: DUE + 40_000 });
    const who = { who: fc.nat(2) };
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constant("write" as const),
          ...who,
          region: fc.constantFrom(...REGIONS),
          bad: fc.boolean(),
          ms,
        }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("sweep" as const), ...who, ms }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("open" as const), ...who, ms }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("cut" as const), ...who }) },
    );
    const open = () => {
      const hand = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 1 });
      return hand.on("error", () => {});
    };
    const hands = [open(), open(), open()];
    let sealedBySweep = 0;
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 8 }),
          async (rounds) => {
            await redis.del(sealedStream(prefix)); // Else each look would read all earlier runs.
            const p = plan();
            const accepted = new Map<string, string>();
            let first: string | null = null;
            let closers = 0;
            for (const round of rounds) {
              await Promise.all(
                round.map(async (s) => {
                  const hand = hands[s.who] as Redis;
                  if (s.kind === "cut") hand.stream.destroy(); // What is on its way may or may not have arrived.
                  if (s.kind === "open") await openSlot(hand, prefix, p, at(s.ms));
                  if (s.kind === "sweep") sealedBySweep += await sealDue(hand, prefix, at(s.ms));
                  if (s.kind !== "write") return;
                  const status = s.bad ? "down" : "up";
                  const said = outcome(p, s.region, { status, reason: s.bad ? "timeout" : null });
                  const answer = await record(hand, prefix, p, said, null, at(s.ms));
                  if (answer === "sealed") closers++;
                  if (answer === "recorded" || answer === "sealed") {
                    expect(accepted.has(s.region)).toBe(false);
                    expect(first).toBe(null);
                    accepted.set(s.region, status);
                  }
                }),
              );
              const entries = await sealed(p);
              expect(entries.length).toBeLessThanOrEqual(1);
              if (first !== null) expect(JSON.stringify(entries[0])).toBe(first);
              else if (entries[0]) {
                first = JSON.stringify(entries[0]);
                for (const [region, status] of accepted) expect(entries[0].outcomes[region]?.status).toBe(status);
              }
            }
            expect(closers).toBeLessThanOrEqual(1);
            await sealDue(redis, prefix, at(DUE + 100_000));
            const entries = await sealed(p);
            if (accepted.size > 0) expect(entries).toHaveLength(1);
            for (const [region, status] of accepted) expect(entries[0]?.outcomes[region]?.status).toBe(status);
          },
        ),
        { numRuns: 80 },
      );
      expect(sealedBySweep).toBeGreaterThan(5);
    } finally {
      for (const hand of hands) hand.disconnect();
    }
  });

  test("is sealed once by fifty sweepers at the same moment, without any lease between them", async () => {
    const many = Array.from({ length: 40 }, () => plan());
    await Promise.all(many.map((p) => write(p, "fra", SLOT + 1)));
    const hands = Array.from({ length: 5 }, () => new Redis(url));
    const closed = await Promise.all(
      Array.from({ length: 50 }, (_, i) => sealDue(hands[i % 5] as Redis, prefix, at(DUE))),
    );
    for (const hand of hands) hand.disconnect();
    expect(closed.reduce((a, b) => a + b)).toBe(40);
    for (const p of many) expect(await sealed(p)).toHaveLength(1);
  });
});
