import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { sealAt } from "#lib/domain/cadence";
import type { Outcome } from "#lib/domain/outcome";
import { testRedis } from "#lib/testing/redis";
import { openSlot, record, type SlotPlan } from "./record.ts";
import { sealDue } from "./seal.ts";
import { sealedStream, slotKeys } from "./slots.ts";

const { redis, prefix, close } = testRedis();
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
    await redis.del(slotKeys(prefix, p)[0]);
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

  test("keeps its mark for 96 hours and nothing else", async () => {
    const p = plan(["fra"]);
    await write(p, "fra", SLOT + 1);
    expect(await redis.hkeys(slotKeys(prefix, p)[0])).toEqual(["sealed"]);
    expect(await redis.ttl(slotKeys(prefix, p)[0])).toBeGreaterThan(95 * 3600);
  });

  // The adversary: regions partitioned, repeated and reordered, clocks 20 s apart, several sweepers at any moment.
  test("once sealed never changes colour, whatever arrives in whatever order", async () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant("write" as const),
        region: fc.constantFrom(...REGIONS),
        status: fc.constantFrom("up" as const, "down" as const),
        ms: fc.integer({ min: SLOT - 20_000, max: DUE + 40_000 }),
      }),
      fc.record({ kind: fc.constant("sweep" as const), ms: fc.integer({ min: SLOT, max: DUE + 40_000 }) }),
      fc.record({ kind: fc.constant("open" as const), ms: fc.integer({ min: SLOT, max: DUE + 40_000 }) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 }),
        async (rounds) => {
          const p = plan();
          let first: string | null = null;
          for (const round of rounds) {
            await Promise.all(
              round.map((s) =>
                s.kind === "write"
                  ? write(p, s.region, s.ms, s.status === "down" ? { status: "down", reason: "timeout" } : {})
                  : s.kind === "sweep"
                    ? sealDue(redis, prefix, at(s.ms))
                    : openSlot(redis, prefix, p, at(s.ms)),
              ),
            );
            const entries = await sealed(p);
            expect(entries.length).toBeLessThanOrEqual(1);
            if (first !== null) expect(JSON.stringify(entries[0])).toBe(first);
            else if (entries[0]) first = JSON.stringify(entries[0]);
          }
        },
      ),
      { numRuns: 60 },
    );
    await sealDue(redis, prefix, at(DUE + 100_000));
  });
});
