// May a sink be sent to now? Asked before a delivery is claimed, told of every outcome. What a sink's trouble or a
// vendor's limit means is decided behind this door; the outbox only waits.
import type { Judgement } from "#lib/domain/delivery";
import type { Claimed } from "./claim.ts";
import { PLACES_PER_SINK } from "./places.ts";

export interface SinkGate {
  /** Read once before each look at what is due: whatever the answers need from the database. */
  refresh(nowMs: number): Promise<void>;
  /** @param nowMs wall clock, epoch ms @returns how many deliveries this sink may have under way now; 0: none */
  mayStart(sinkId: string, nowMs: number): number;
  /** Sinks that may have nothing under way now: their deliveries are not even looked for. */
  shut(nowMs: number): readonly string[];
  /** When a sink opens that is shut now, epoch ms; null: none is, or nobody knows. */
  opensAt(nowMs: number): number | null;
  /** A claimed delivery is on its way. */
  started(claimed: GateSubject, nowMs: number): void;
  /**
   * What came of it.
   * @param said null: it could not be settled, or another process has it
   * @param requests how many the sink was asked, 0 when it was not reached
   */
  done(claimed: GateSubject, said: Judgement | null, requests: number, nowMs: number): void;
}

export type GateSubject = Pick<Claimed, "tenantId" | "sink">;

/** One at a time for a sink that did not take its last delivery, a few for every other. */
export function openGate(): SinkGate {
  const failing = new Set<string>();
  return {
    refresh: async () => {},
    mayStart: (sinkId) => (failing.has(sinkId) ? 1 : PLACES_PER_SINK),
    shut: () => [],
    opensAt: () => null,
    started() {},
    done({ sink }, said) {
      if (said === null || said.verdict === "retry") failing.add(sink.id);
      else failing.delete(sink.id);
    },
  };
}
