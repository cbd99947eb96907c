// What the regions together say of one slot. A verdict needs two regions, or the only one that is asked: one region
// failing alone is a warning, and what is our own fault is never the server's.
import { z } from "zod";
import { type Era, type Outcome, outcomeSchema, type ToolSurface } from "./outcome.ts";
import { type Reason, REASONS, type Status } from "./reason.ts";
import type { StoredTranscript } from "./transcript.ts";
import { describeOutcome, describeVerdict } from "./verdict-words.ts";

const regionName = z.string().regex(/^[a-z0-9-]{1,32}$/);
/** Judged when shown, not here: a transcript of another version must not cost us the slot. */
const transcript = z.custom<StoredTranscript>(
  (v) => typeof v === "object" && v !== null && Array.isArray((v as { steps?: unknown }).steps),
);

export const sealedSlotSchema = z.object({
  tenantId: z.uuid(),
  serverId: z.uuid(),
  /** Start of the slot, epoch milliseconds. */
  slot: z.number().int().nonnegative(),
  /** Regions that were asked. */
  expected: z.array(regionName).max(50),
  outcomes: z.record(regionName, outcomeSchema),
  transcripts: z.record(regionName, transcript.nullable().catch(null)).default({}),
});
export type SealedSlot = z.infer<typeof sealedSlotSchema>;

export interface Cell {
  status: Status;
  reason: Reason | null;
  latencyMs: number | null;
  evidence: string;
  protocolVersion: string | null;
  /** lib/domain/cause.ts; absent where nothing is wrong. */
  cause?: string;
}

/** all: every region with an opinion fails; some: two or more, not all; one: a single one of several; none. */
export type Pattern = "all" | "some" | "one" | "none";

export interface Verdict {
  status: Status;
  reason: Reason | null;
  pattern: Pattern;
  regions: Record<string, Cell>;
  /** Median over the regions that got an answer. */
  latencyMs: number | null;
  /** One sentence for people. */
  evidence: string;
  auth: Outcome["auth"];
  era: Era | null;
  protocolVersion: string | null;
  serverName: string | null;
  tools: ToolSurface | null;
  /** Nobody looked, by our own fault: says nothing of the server and does not count as a look. */
  unlooked: boolean;
  /** Some region was told when to come back (429 with Retry-After). */
  comeBack?: boolean;
  /** False: only first looks after a pause say so. It is shown, and neither opens nor closes anything. */
  counts: boolean;
}

/** A verdict without a look: a clock found that nothing came, or that it comes again (`up`). */
export function unlookedVerdict(status: "up" | "unknown", reason: Reason | null, evidence: string): Verdict {
  return {
    status,
    reason,
    pattern: "none",
    regions: {},
    latencyMs: null,
    evidence,
    auth: "unknown",
    era: null,
    protocolVersion: null,
    serverName: null,
    tools: null,
    unlooked: true,
    counts: true,
  };
}

const SEVERITY_RANK = { P1: 0, P2: 1, P3: 2, P4: 3 } as const;

export function fold(sealed: SealedSlot): Verdict {
  const expected = sealed.expected.length > 0 ? [...new Set(sealed.expected)] : Object.keys(sealed.outcomes);
  const seen = expected.flatMap((region) =>
    Object.hasOwn(sealed.outcomes, region) ? [sealed.outcomes[region] as Outcome] : [],
  );
  const { status, reason, pattern, counts } = judged(expected.length, seen);
  const regions = Object.fromEntries(expected.map((region) => [region, cell(seen.find((o) => o.region === region))]));
  const surface = mostFrequent(seen.flatMap((o) => (o.tools ? [o.tools.contractHash] : [])));
  const unlooked = seen.every((o) => o.reason === "prober_fault");
  return {
    status,
    reason,
    pattern,
    regions,
    latencyMs: median(seen.flatMap((o) => latency(o) ?? [])),
    evidence: describeVerdict(status, reason, expected, seen),
    auth: mostFrequent(seen.map((o) => o.auth).filter((a) => a !== "unknown")) ?? "unknown",
    era: mostFrequent(seen.flatMap((o) => o.era ?? [])) ?? null,
    protocolVersion: mostFrequent(seen.flatMap((o) => o.protocolVersion ?? [])) ?? null,
    serverName: mostFrequent(seen.flatMap((o) => o.serverName ?? [])) ?? null,
    tools: seen.find((o) => o.tools !== null && o.tools.contractHash === surface)?.tools ?? null,
    unlooked,
    counts,
    ...(seen.some((o) => o.reason === "rate_limited" && o.evidence.retryAfterS !== undefined) && { comeBack: true }),
  };
}

/** What first looks after a pause see is shown, so that nothing bad is called good; only looks after them may alert. */
function judged(asked: number, seen: Outcome[]): Pick<Verdict, "status" | "reason" | "pattern" | "counts"> {
  const bad = seen.filter((o) => o.status === "down" || o.status === "degraded");
  const warm = bad.filter((o) => !o.cold);
  const good = seen.filter((o) => o.status === "up");
  const counted = judge(asked, seen, warm, good);
  const alarming = counted.pattern === "all" || counted.pattern === "some";
  return alarming || warm.length === bad.length
    ? { ...counted, counts: true }
    : { ...judge(asked, seen, bad, good), counts: false };
}

function judge(
  asked: number,
  seen: Outcome[],
  bad: Outcome[],
  good: Outcome[],
): Pick<Verdict, "status" | "reason" | "pattern"> {
  if (bad.length >= 2 || (bad.length === 1 && asked === 1)) {
    const down = bad.filter((o) => o.status === "down");
    // The worst that at least two of them share (or the only one): one "down" beside "degraded" ones stays degraded.
    const status = down.length >= Math.min(2, bad.length) ? "down" : "degraded";
    const reason =
      mostFrequent(bad.filter((o) => o.status === status).flatMap((o) => o.reason ?? [])) ??
      mostFrequent(bad.flatMap((o) => o.reason ?? []));
    return { status, reason: reason ?? null, pattern: good.length === 0 ? "all" : "some" };
  }
  if (bad.length === 1) return { status: "degraded", reason: "region_failing", pattern: "one" };
  if (good.length > 0) {
    const shared = good.flatMap((o) => o.reason ?? []);
    const reason = mostFrequent(shared);
    const enough = shared.filter((r) => r === reason).length >= Math.min(2, good.length);
    return { status: "up", reason: enough ? (reason ?? null) : null, pattern: "none" };
  }
  const why = mostFrequent(seen.filter((o) => o.status === "unknown").flatMap((o) => o.reason ?? []));
  return { status: "unknown", reason: why ?? "not_checked", pattern: "none" };
}

function cell(outcome: Outcome | undefined): Cell {
  if (!outcome)
    return {
      status: "unknown",
      reason: "not_checked",
      latencyMs: null,
      evidence: "Nothing came from this region for this slot.",
      protocolVersion: null,
    };
  return {
    status: outcome.status,
    reason: outcome.reason,
    latencyMs: latency(outcome),
    evidence: describeOutcome(outcome),
    protocolVersion: outcome.protocolVersion,
    ...(outcome.evidence.cause !== undefined && { cause: outcome.evidence.cause }),
  };
}

const latency = (o: Outcome): number | null =>
  o.status === "up" || o.status === "degraded" ? Math.round(o.timings.totalMs) : null;

/** Ties go to the graver reason, then by name, so that the order of arrival never decides. */
function mostFrequent<T extends string>(values: T[]): T | undefined {
  const counts = new Map<T, number>();
  for (const v of values) counts.set(v, (counts.get(v) ?? 0) + 1);
  const rank = (v: string) => (Object.hasOwn(REASONS, v) ? SEVERITY_RANK[REASONS[v as Reason].severity] : 0);
  return [...counts].sort(([a, n], [b, m]) => m - n || rank(a) - rank(b) || (a < b ? -1 : 1))[0]?.[0];
}

function median(values: number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return null;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : Math.round(((sorted[middle - 1] as number) + upper) / 2);
}
