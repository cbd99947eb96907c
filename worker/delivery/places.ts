// Who may send how much at once. A healthy sink has a few places and one that does not answer has one; and whoever
// waits for an answer for long gives its place among all back, so that silent vendors never hold up the others.
export const PLACES_PER_SINK = 4;
const FAST_PLACES = 64;
/** Sockets at most, the silent ones included. */
const ALL_PLACES = 512;
const SLOW_MS = 2_000;

interface InFlight {
  sinkId: string;
  startedMs: number;
}

export class Places {
  readonly #inFlight = new Map<string, InFlight>();
  readonly #failing = new Set<string>();

  /** @returns how many more may start now; times are monotonic milliseconds */
  free(nowMs: number): number {
    let fast = 0;
    for (const { startedMs } of this.#inFlight.values()) if (nowMs - startedMs < SLOW_MS) fast++;
    return Math.max(0, Math.min(FAST_PLACES - fast, ALL_PLACES - this.#inFlight.size));
  }

  /** Deliveries under way, by sink. */
  bySink(): Map<string, number> {
    const used = new Map<string, number>();
    for (const { sinkId } of this.#inFlight.values()) used.set(sinkId, (used.get(sinkId) ?? 0) + 1);
    return used;
  }

  /** How many deliveries the sink may have under way. */
  of(sinkId: string): number {
    return this.#failing.has(sinkId) ? 1 : PLACES_PER_SINK;
  }

  get deliveryIds(): string[] {
    return [...this.#inFlight.keys()];
  }

  take(deliveryId: string, sinkId: string, nowMs: number): void {
    this.#inFlight.set(deliveryId, { sinkId, startedMs: nowMs });
  }

  /** @param answered false: the sink did not take it, for a reason that may pass */
  leave(deliveryId: string, answered: boolean): void {
    const was = this.#inFlight.get(deliveryId);
    if (was === undefined) return;
    this.#inFlight.delete(deliveryId);
    if (answered) this.#failing.delete(was.sinkId);
    else this.#failing.add(was.sinkId);
  }
}
