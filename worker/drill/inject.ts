// Puts in where probes put what they found: from there on nothing of a drill is made up.
import type { Redis } from "ioredis";
import type { Db, Sweeper } from "#lib/adapters/db";
import { slotStart } from "#lib/domain/cadence";
import type { Outcome } from "#lib/domain/outcome";
import type { Reason } from "#lib/domain/reason";
import { record } from "../probe/record.ts";

const INTERVAL_S = 15;
const REGION = "drill";

export interface DrillDeps {
  db: Db;
  sweeper: Sweeper;
  redis: Redis;
  prefix: string;
}

/** @param reason null: it is well again. @returns whether the slot was sealed by it */
export async function put(
  { redis, prefix }: DrillDeps,
  { tenantId, serverId }: { tenantId: string; serverId: string },
  reason: Reason | null,
  now: Date,
): Promise<boolean> {
  const of = { tenantId, serverId, slot: slotStart(now.getTime(), INTERVAL_S) };
  const bad = reason !== null;
  const seen: Outcome = {
    ...{ ...of, region: REGION, status: bad ? "down" : "up", reason },
    ...{ auth: "open", phase: bad ? "connect" : null, era: null, protocolVersion: null, serverName: null },
    ...{ evidence: bad ? { detail: "Made up for a drill." } : {}, timings: { totalMs: 1 }, tools: null, cold: false },
    finishedAt: now.getTime(),
  };
  const plan = { ...of, intervalS: INTERVAL_S, expected: [REGION] };
  return (await record(redis, prefix, plan, seen, null, now)) === "sealed";
}

/** One slot is one look: a recovery in the slot of the failure would be a second voice in it. */
export const isLaterSlot = (injected: number, now: Date): boolean =>
  slotStart(now.getTime(), INTERVAL_S) > slotStart(injected, INTERVAL_S);
