// May a sink be sent to now? Asked before a delivery is claimed, told of every outcome. What a sink's trouble or a
// vendor's limit means is decided behind this door; the outbox only waits.
import type { Judgement } from "#lib/domain/delivery";
import { PLACES_PER_SINK } from "./places.ts";

export interface SinkGate {
  /** Read once before each look at what is due: whatever the answers need from the database. */
  refresh(nowMs: number): Promise<void>;
  /** @param nowMs wall clock, epoch ms @returns how many deliveries this sink may have under way now; 0: none */
  mayStart(sinkId: string, nowMs: number): number;
  /** Sinks that may have nothing under way now: their deliveries are not even looked for. */
  shut(nowMs: number): readonly string[];
  /**
   * What came of a try.
   * @param afterS the vendor's own word on when to try again, seconds
   */
  done(sinkId: string, verdict: Judgement["verdict"], afterS: number | undefined, nowMs: number): void;
}

/** One at a time for a sink that did not take its last delivery, a few for every other. */
export function openGate(): SinkGate {
  const failing = new Set<string>();
  return {
    refresh: async () => {},
    mayStart: (sinkId) => (failing.has(sinkId) ? 1 : PLACES_PER_SINK),
    shut: () => [],
    done(sinkId, verdict) {
      if (verdict === "retry") failing.add(sinkId);
      else failing.delete(sinkId);
    },
  };
}
