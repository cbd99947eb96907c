// Sealed slots as the regions would have made them, with only what matters named at the call.
import type { Outcome } from "#lib/domain/outcome";
import { type Reason, REASONS } from "#lib/domain/reason";
import type { SealedSlot } from "#lib/domain/verdict";

type Saw = Reason | "up" | "absent" | (Partial<Outcome> & { reason?: Reason | null });

export function anOutcome(
  of: { tenantId: string; serverId: string; slot: number; region: string },
  saw: Exclude<Saw, "absent"> = "up",
): Outcome {
  const more = typeof saw === "object" ? saw : saw === "up" ? {} : { reason: saw };
  const reason = more.reason ?? null;
  return {
    ...of,
    ...{
      status: reason === null ? "up" : REASONS[reason].status,
      auth: "open",
      phase: reason === null ? null : "connect",
      evidence: {},
      era: "legacy",
    },
    ...{
      protocolVersion: "2025-11-25",
      serverName: "a server",
      timings: { totalMs: 120 },
      tools: null,
      cold: false,
      finishedAt: of.slot + 1_000,
    },
    ...more,
    reason,
  };
}

/** @param saw what each region saw; "absent" reported nothing */
export function aSealedSlot(
  of: { tenantId: string; serverId: string; slot: number },
  saw: Record<string, Saw>,
): SealedSlot {
  const outcomes = Object.entries(saw).flatMap(([region, what]) =>
    what === "absent" ? [] : [[region, anOutcome({ ...of, region }, what)] as const],
  );
  return { ...of, expected: Object.keys(saw), outcomes: Object.fromEntries(outcomes), transcripts: {} };
}
