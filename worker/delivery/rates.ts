// How many requests a sink may be sent now, by what its vendor says it bears. Each process keeps to its share: so many
// send at once as there are processes alive.
import { counts, type Rate, roomAt, roomLeft } from "#lib/domain/breaker";
import { sinkOf } from "#lib/sinks/index";
import type { GateSubject } from "./gate.ts";

export class Rates {
  readonly #starts = new Map<string, { rate: Rate; at: number[] }>();
  #senders = 1;

  /** @param count of processes that send */
  shareAmong(count: number): void {
    this.#senders = Math.max(1, count);
  }

  /** @param requests that go to it now, or went beside the first */
  note({ sink }: GateSubject, requests: number, now: number): void {
    const rate = this.#starts.get(sink.id)?.rate ?? rateOf(sink);
    if (rate === undefined || requests <= 0) return;
    const at = (this.#starts.get(sink.id)?.at ?? []).filter((t) => counts(rate, t, now));
    for (let i = 0; i < requests; i++) at.push(now);
    this.#starts.set(sink.id, { rate, at });
  }

  /** @returns how many more may start; Infinity where no limit is known */
  room(sinkId: string, now: number): number {
    const known = this.#starts.get(sinkId);
    return known === undefined ? Number.POSITIVE_INFINITY : roomLeft(this.#share(known.rate), known.at, now);
  }

  /** Sinks without room, and when each has some again. */
  full(now: number): { sinkId: string; opensAt: number }[] {
    const full: { sinkId: string; opensAt: number }[] = [];
    for (const [sinkId, { rate, at }] of this.#starts) {
      if (!counts(rate, at.at(-1) ?? 0, now)) this.#starts.delete(sinkId);
      else if (roomLeft(this.#share(rate), at, now) === 0)
        full.push({ sinkId, opensAt: roomAt(this.#share(rate), at) });
    }
    return full;
  }

  #share = ({ requests, perMs }: Rate): Rate => ({
    requests: Math.max(1, Math.floor(requests / this.#senders)),
    perMs,
  });
}

function rateOf({ kind, config }: GateSubject["sink"]): Rate | undefined {
  try {
    return sinkOf(kind)?.capabilities(config).rate;
  } catch {
    return undefined;
  }
}
