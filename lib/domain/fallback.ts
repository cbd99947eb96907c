// Another road for a page that a sink does not take: who is told instead, and when. Pure.
import type { SinkFacts } from "./policy.ts";

/** Of a sink that nobody has marked as a fallback. */
export const FALLBACK_AFTER_S = 120;

export interface RoadSink extends SinkFacts {
  /** Marked as a fallback: takes over after so many seconds; null: not marked. */
  fallbackAfterS: number | null;
  /** It is left alone now, because it fails. */
  failing: boolean;
}

export interface TriggerAtRoad {
  sinkId: string;
  state: string;
  createdAt: Date;
}

export type OtherRoad =
  /** Nothing is stuck, or not for long enough, or somebody of the same reach has been told. */
  | { kind: "none_needed" }
  | { kind: "nobody_left"; waitedS: number; stuck: RoadSink[] }
  | { kind: "tell"; waitedS: number; stuck: RoadSink[]; sinks: RoadSink[]; marked: "yes" | "failing" | "none" };

const STUCK = new Set(["pending", "leased", "dead"]);

/**
 * Marked sinks first, each after its own time. Where none can be told, one other after two minutes: one that wakes
 * people before one that does not, and none where a sink of the same reach has taken the page already. Beside marked
 * ones that fail themselves such a one is told as well: this comes once.
 */
export function otherRoad(triggers: readonly TriggerAtRoad[], sinks: readonly RoadSink[], now: Date): OtherRoad {
  const byId = new Map(sinks.map((s) => [s.id, s]));
  const waiting = triggers.filter((t) => STUCK.has(t.state));
  const stuck = waiting.flatMap((t) => byId.get(t.sinkId) ?? []);
  if (waiting.length === 0) return { kind: "none_needed" };
  const waitedS = Math.floor((now.getTime() - Math.min(...waiting.map((t) => t.createdAt.getTime()))) / 1_000);
  const told = new Set(triggers.filter((t) => t.state !== "withheld").map((t) => t.sinkId));
  const free = sinks.filter((s) => s.enabled && s.proven && !told.has(s.id));
  const marked = free.filter((s) => s.fallbackAfterS !== null);
  const due = marked.filter((s) => waitedS >= (s.fallbackAfterS ?? 0));
  const fit = free.filter((s) => !s.failing && s.fallbackAfterS === null);
  const one = fit.find((s) => s.wakes) ?? fit[0];
  if (due.length > 0 && (one === undefined || due.some((s) => !s.failing)))
    return { kind: "tell", waitedS, stuck, sinks: due, marked: "yes" };
  if (due.length > 0 && one !== undefined && waitedS >= FALLBACK_AFTER_S)
    return { kind: "tell", waitedS, stuck, sinks: [...due, one], marked: "failing" };
  if (marked.length > 0 || waitedS < FALLBACK_AFTER_S) return { kind: "none_needed" };
  const taken = triggers.filter((t) => t.state === "sent").flatMap((t) => byId.get(t.sinkId) ?? []);
  if (taken.some((s) => s.wakes) || (taken.length > 0 && !stuck.some((s) => s.wakes))) return { kind: "none_needed" };
  if (one === undefined) return { kind: "nobody_left", waitedS, stuck };
  return { kind: "tell", waitedS, stuck, sinks: [one], marked: "none" };
}
