// How much may be under way at once. Whoever waits for an answer for long gives its place among all back, so that
// silent vendors never hold up the others; how many of them one sink may have is the gate's to say.
export const PLACES_PER_SINK = 4;
const FAST_PLACES = 64;
/** Sockets at most, the silent ones included. */
const ALL_PLACES = 512;
const SLOW_MS = 2_000;

interface InFlight {
  sinkId: string;
  startedMs: number;
  /** The sink took it: what is left is to write that down, which is no use of the sink. */
  taken?: true;
}

export class Places {
  readonly #inFlight = new Map<string, InFlight>();

  /** @returns how many more may start now; times are monotonic milliseconds */
  free(nowMs: number): number {
    let fast = 0;
    for (const { startedMs, taken } of this.#inFlight.values()) if (!taken && nowMs - startedMs < SLOW_MS) fast++;
    return Math.max(0, Math.min(FAST_PLACES - fast, ALL_PLACES - this.#inFlight.size));
  }

  /** Deliveries under way, by sink. */
  bySink(): Map<string, number> {
    const used = new Map<string, number>();
    for (const { sinkId, taken } of this.#inFlight.values()) if (!taken) used.set(sinkId, (used.get(sinkId) ?? 0) + 1);
    return used;
  }

  get deliveryIds(): string[] {
    return [...this.#inFlight.keys()];
  }

  take(deliveryId: string, sinkId: string, nowMs: number): void {
    this.#inFlight.set(deliveryId, { sinkId, startedMs: nowMs });
  }

  /** The sink may be sent the next one while this one is written down. */
  taken(deliveryId: string): void {
    const one = this.#inFlight.get(deliveryId);
    if (one !== undefined) one.taken = true;
  }

  leave(deliveryId: string): void {
    this.#inFlight.delete(deliveryId);
  }
}
