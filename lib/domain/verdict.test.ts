import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { modeOf } from "./fingerprint.ts";
import type { Outcome } from "./outcome.ts";
import { type Reason, REASON_NAMES, REASONS } from "./reason.ts";
import { fold, type SealedSlot, sealedSlotSchema } from "./verdict.ts";

const of = {
  tenantId: "00000000-0000-4000-8000-000000000001",
  serverId: "00000000-0000-4000-8000-000000000002",
  slot: 1_795_000_000_000,
};

function outcome(region: string, reason: Reason | null, more: Partial<Outcome> = {}): Outcome {
  return {
    ...{
      ...of,
      region,
      status: reason === null ? "up" : REASONS[reason].status,
      auth: "open",
      reason,
      phase: null,
      evidence: {},
      era: "legacy",
      protocolVersion: null,
    },
    ...{ serverName: null, timings: { totalMs: 100 }, tools: null, cold: false, finishedAt: of.slot },
    ...more,
  };
}
type Saw = Reason | "up" | "absent" | "cold";
function sealed(...saw: Saw[]): SealedSlot {
  const regions = saw.map((_, i) => `r${i}`);
  const outcomes = saw.flatMap((s, i) =>
    s === "absent"
      ? []
      : [
          [
            `r${i}`,
            s === "cold" ? outcome(`r${i}`, "timeout", { cold: true }) : outcome(`r${i}`, s === "up" ? null : s),
          ],
        ],
  );
  return { ...of, expected: regions, outcomes: Object.fromEntries(outcomes), transcripts: {} };
}

test.each<[Saw[], string, Reason | null, string]>([
  [["up", "up", "up"], "up", null, "none"],
  [["up"], "up", null, "none"],
  [["timeout"], "down", "timeout", "all"],
  [["timeout", "up", "up"], "degraded", "region_failing", "one"],
  [["timeout", "absent", "absent"], "degraded", "region_failing", "one"],
  [["timeout", "timeout", "up"], "down", "timeout", "some"],
  [["timeout", "timeout", "timeout"], "down", "timeout", "all"],
  [["timeout", "connection_refused", "timeout"], "down", "timeout", "all"],
  [["timeout", "connection_refused"], "down", "connection_refused", "all"],
  [["timeout", "empty_tool_list", "empty_tool_list"], "degraded", "empty_tool_list", "all"],
  [["timeout", "timeout", "empty_tool_list"], "down", "timeout", "all"],
  [["timeout", "empty_tool_list"], "degraded", "empty_tool_list", "all"],
  [["auth_required", "auth_required", "up"], "up", "auth_required", "none"],
  [["tls_expiring", "up", "up"], "up", null, "none"],
  [["absent", "absent"], "unknown", "not_checked", "none"],
  [["prober_fault", "prober_fault"], "unknown", "prober_fault", "none"],
  [["prober_fault", "timeout", "timeout"], "down", "timeout", "all"],
  [["prober_fault", "up", "absent"], "up", null, "none"],
  [["rate_limited", "rate_limited", "absent"], "unknown", "rate_limited", "none"],
  [["blocked_address"], "unknown", "blocked_address", "none"],
  [["cold", "cold", "cold"], "down", "timeout", "all"],
  [["cold", "timeout", "up"], "down", "timeout", "some"],
  [["cold", "up", "up"], "degraded", "region_failing", "one"],
  [["cold"], "down", "timeout", "all"],
])("%j is %s, %s, %s", (saw, status, reason, pattern) => {
  expect(fold(sealed(...saw))).toMatchObject({ status, reason, pattern });
});

test.each<[Saw[], boolean]>([
  [["absent", "absent"], true],
  [["prober_fault", "absent"], true],
  [["rate_limited"], false],
  [["cold"], false],
  [["up", "prober_fault"], false],
])("%j is unlooked: %s", (saw, unlooked) => {
  expect(fold(sealed(...saw)).unlooked).toBe(unlooked);
});

test.each<[Saw[], boolean]>([
  [["cold", "cold", "cold"], false],
  [["cold", "timeout", "up"], false],
  [["cold", "timeout", "timeout"], true],
  [["timeout", "timeout"], true],
  [["up", "up"], true],
])("%j counts towards an incident: %s", (saw, counts) => {
  expect(fold(sealed(...saw)).counts).toBe(counts);
});

test("latency is the median of those that got an answer", () => {
  const slot = sealed("up", "up", "up", "timeout");
  for (const [i, ms] of [300, 100, 200, 10_000].entries())
    (slot.outcomes[`r${i}`] as Outcome).timings = { totalMs: ms };
  expect(fold(slot).latencyMs).toBe(200);
  expect(fold(slot).regions["r3"]).toMatchObject({ status: "down", latencyMs: null });
});

test("an outcome of a region that was not asked has no voice", () => {
  const slot = sealed("up", "up");
  expect(
    fold({ ...slot, outcomes: { ...slot.outcomes, x: outcome("x", "timeout"), y: outcome("y", "timeout") } }),
  ).toMatchObject({ status: "up" });
});

describe("for every combination", () => {
  const saw = fc.constantFrom<Saw>("up", "absent", "cold", ...REASON_NAMES);
  const slots = fc.array(saw, { minLength: 1, maxLength: 6 });
  const failing = (s: Saw) =>
    s !== "up" && s !== "absent" && s !== "cold" && (REASONS[s].status === "down" || REASONS[s].status === "degraded");

  test("the order of the regions never decides", () => {
    fc.assert(
      fc.property(
        slots.chain((s) =>
          fc.tuple(fc.constant(s), fc.shuffledSubarray(s, { minLength: s.length, maxLength: s.length })),
        ),
        ([a, b]) => {
          const pick = ({ status, reason, pattern }: ReturnType<typeof fold>) => ({ status, reason, pattern });
          expect(pick(fold(sealed(...a)))).toEqual(pick(fold(sealed(...b))));
        },
      ),
    );
  });

  test("it is an alarm exactly when two fail, or the only one asked", () => {
    fc.assert(
      fc.property(slots, (s) => {
        const n = s.filter(failing).length;
        expect(modeOf(fold(sealed(...s))) === "serving").toBe(n >= 2 || (n === 1 && s.length === 1));
      }),
    );
  });

  test("nothing is green that nobody saw green", () => {
    fc.assert(
      fc.property(slots, (s) => {
        if (fold(sealed(...s)).status === "up")
          expect(s.some((x) => x === "up" || (x !== "absent" && x !== "cold" && REASONS[x].status === "up"))).toBe(
            true,
          );
      }),
    );
  });

  test("our own faults and silences never change what the others say, as long as two are asked", () => {
    fc.assert(
      fc.property(
        fc.array(saw, { minLength: 2, maxLength: 5 }),
        fc.constantFrom<Saw>("absent", "prober_fault"),
        (s, ours) => {
          const [without, withOurs] = [fold(sealed(...s)), fold(sealed(...s, ours))];
          if (without.status !== "unknown")
            expect(withOurs).toMatchObject({ status: without.status, reason: without.reason });
        },
      ),
    );
  });
});

describe("evidence", () => {
  test("is one clean bounded line, whatever the server sent", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (bodyHead) => {
        const slot = sealed("http_server_error");
        (slot.outcomes["r0"] as Outcome).evidence = { httpStatus: 502, bodyHead };
        const { evidence } = fold(slot);
        expect(evidence.length).toBeLessThanOrEqual(500);
        expect(evidence).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
        expect(evidence).toContain("HTTP 502");
      }),
    );
  });

  test.each<[Saw[], RegExp]>([
    [["timeout", "timeout", "up"], /^2 of 3 regions: No answer in time/],
    [["timeout", "up", "up"], /^Only r0: No answer/],
    [["timeout", "timeout", "absent"], /1 did not report/],
    [["connection_refused"], /^The only region: Connection refused/],
    [["absent"], /^No region has looked/],
    [["up", "up"], /^2 of 2 regions: Answered in 100 ms/],
    [["cold"], /not counted/],
  ])("of %j says so", (saw, words) => {
    expect(fold(sealed(...saw)).evidence).toMatch(words);
  });
});

test("no region is named __proto__, and an outcome with a status that nobody knows refuses the slot", () => {
  const good = sealed("up");
  expect(sealedSlotSchema.safeParse(good).success).toBe(true);
  expect(sealedSlotSchema.safeParse({ ...good, expected: ["__proto__"] }).success).toBe(false);
  expect(sealedSlotSchema.parse(JSON.parse(JSON.stringify(good).replace('"r0":', '"__proto__":'))).outcomes).toEqual(
    {},
  );
  expect(
    sealedSlotSchema.safeParse({ ...good, outcomes: { r0: { ...good.outcomes["r0"], status: "green" } } }).success,
  ).toBe(false);
});
