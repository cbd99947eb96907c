// A region's outcome goes into its slot, once; the write that makes the slot whole seals it.
import type { Redis } from "ioredis";
import { crashPoint } from "#lib/adapters/crash";
import { SEAL_GRACE_MS, sealAt } from "#lib/domain/cadence";
import { type Outcome, outcomeSchema } from "#lib/domain/outcome";
import type { StoredTranscript } from "#lib/domain/transcript";
import { dueMember, SLOT_TTL_S, shutBit, type SlotId, slotKeys, withScripts } from "./slots.ts";

export interface SlotPlan extends SlotId {
  intervalS: number;
  /** Regions that are asked. Whoever opens the slot says so for good. */
  expected: string[];
  graceMs?: number;
}

/** late: the slot is closed and stays as it is. duplicate: this region has spoken already. sealed: this write closed it. */
export type Recorded = "late" | "duplicate" | "recorded" | "sealed";

/** @throws ZodError when the outcome is none */
export async function record(
  redis: Redis,
  prefix: string,
  plan: SlotPlan,
  outcome: Outcome,
  transcript: StoredTranscript | null,
  now: Date,
): Promise<Recorded> {
  const valid = outcomeSchema.parse(outcome);
  const recorded = (await write(
    redis,
    prefix,
    plan,
    now,
    valid.region,
    jsonbSafe(valid),
    jsonbSafe(transcript),
  )) as Recorded;
  crashPoint(recorded === "sealed" ? "after_seal" : "after_record");
  return recorded;
}

/** Makes sure that the slot is sealed at its time even when no region ever answers. */
export async function openSlot(redis: Redis, prefix: string, plan: SlotPlan, now: Date): Promise<void> {
  await write(redis, prefix, plan, now, "", "", "");
}

function write(
  redis: Redis,
  prefix: string,
  plan: SlotPlan,
  now: Date,
  region: string,
  outcome: string,
  transcript: string,
) {
  const { tenantId, serverId, slot, expected } = plan;
  const head = JSON.stringify({ tenantId, serverId, slot, expected });
  const seal = sealAt(slot, plan.intervalS, plan.graceMs ?? SEAL_GRACE_MS);
  return withScripts(redis).tocsinRecord(
    ...slotKeys(prefix, plan),
    now.getTime(),
    shutBit(slot),
    SLOT_TTL_S,
    seal,
    dueMember(plan),
    head,
    region,
    outcome,
    transcript,
    ...expected,
  );
}

/** PostgreSQL takes neither NUL nor half a surrogate pair into jsonb. */
function jsonbSafe(value: unknown): string {
  return JSON.stringify(value, (_key, v) => (typeof v === "string" ? v.replaceAll("\u0000", "").toWellFormed() : v));
}
