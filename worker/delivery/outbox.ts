// The outbox: rows of `delivery` that are due. NOTIFY wakes it, a poll every 5 s makes sure. Sinks fail apart: each
// has its own few places, so that a dead one never delays another.
import { crashPoint } from "#lib/adapters/crash";
import { monotonicMs, now as clockNow } from "#lib/adapters/clock";
import type { Sweeper } from "#lib/adapters/db";
import type { Log } from "#lib/adapters/log";
import { isOutage } from "#lib/adapters/outage";
import { type Claimed, claim, type Due } from "./claim.ts";
import { type Dispatch, dispatch } from "./dispatch.ts";
import { choose } from "./due.ts";
import { openGate, type SinkGate } from "./gate.ts";
import { Places } from "./places.ts";
import { Settler } from "./settle.ts";

export const POLL_MS = 5_000;
/** All places are taken: one may be given back by the clock alone. */
const FULL_MS = 500;
const ASIDE_MS = 60_000;
/** Somebody else has them, or their tenant is being erased: behind them others may be due. */
const PASSED_OVER_MS = 5_000;

export class Outbox {
  readonly #places = new Places();
  readonly #running = new Set<Promise<void>>();
  /** Deliveries that could not be claimed lately, and until when (monotonic) they are left alone. */
  readonly #aside = new Map<string, number>();
  readonly #d: Dispatch;
  readonly #settler: Settler;
  readonly #sweeper: Sweeper;
  readonly #holder: string;
  readonly #log: Log;
  readonly #gate: SinkGate;
  #wake: (() => void) | undefined;
  #woken = false;
  #closed = false;

  constructor(d: Dispatch, sweeper: Sweeper, holder: string, log: Log, gate: SinkGate = openGate()) {
    this.#d = d;
    this.#settler = new Settler(d.db);
    this.#sweeper = sweeper;
    this.#holder = holder;
    this.#log = log;
    this.#gate = gate;
  }

  /** Something may be due: look now instead of at the next poll. */
  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  /** Claims what is due and has a place, and starts what is still wanted. @returns how many rows that moved or set aside */
  async pass(): Promise<number> {
    const free = this.#closed ? 0 : this.#places.free(monotonicMs());
    if (free === 0) return 0;
    for (const [id, until] of this.#aside) if (until <= monotonicMs()) this.#aside.delete(id);
    await this.#gate.refresh(clockNow().getTime());
    const who = { places: this.#places, gate: this.#gate };
    return this.#take(await choose(this.#sweeper, who, free, [...this.#aside.keys()], clockNow()));
  }

  /** One row that the database refuses must not hold up its neighbours: it is found by halves and left alone. */
  async #take(due: readonly Due[]): Promise<number> {
    const [first] = due;
    if (first === undefined) return 0;
    try {
      crashPoint("before_claim");
      const { claimed, moved, faults } = await claim(this.#d.db, due, this.#holder, clockNow());
      for (const one of claimed) this.#start(one);
      for (const err of faults) this.#log.error({ err }, "what nobody wants any more could not be withheld yet");
      if (moved > 0) return moved;
      for (const { id } of due) this.#aside.set(id, monotonicMs() + PASSED_OVER_MS);
      return due.length;
    } catch (err) {
      if (isOutage(err)) throw err;
      if (due.length > 1) {
        const half = due.length >> 1;
        return (await this.#take(due.slice(0, half))) + (await this.#take(due.slice(half)));
      }
      this.#aside.set(first.id, monotonicMs() + ASIDE_MS);
      this.#log.error(
        { err, delivery: first.id },
        "a delivery could not be claimed; it is looked at again in a minute",
      );
      return 0;
    }
  }

  #start(claimed: Claimed): void {
    this.#places.take(claimed.id, claimed.sink.id, monotonicMs());
    this.#gate.started(claimed, clockNow().getTime());
    const taken = () => {
      this.#places.taken(claimed.id);
      this.wake();
    };
    const run = dispatch(this.#d, claimed, this.#settler, taken)
      .then((done) => {
        this.#gate.done(claimed, done.judgement, done.requests, clockNow().getTime());
        if (done.fault !== undefined)
          this.#log.error(
            { err: done.fault, delivery: claimed.id, incident: claimed.notice.incidentId },
            "a notice could not be put into words for its sink",
          );
        if (done.judgement?.verdict === "dead")
          this.#log.error(
            { delivery: claimed.id, sink: claimed.sink.id, incident: claimed.notice.incidentId },
            "a delivery is dead",
          );
      })
      .catch((err) => {
        this.#gate.done(claimed, null, 1, clockNow().getTime());
        // Not settled: the lease runs out and another try follows, so nothing is lost by logging it only.
        this.#log.error(
          { err, delivery: claimed.id, incident: claimed.notice.incidentId },
          "a delivery could not be settled",
        );
      })
      .finally(() => {
        this.#places.leave(claimed.id);
        this.#running.delete(run);
        this.wake();
      });
    this.#running.add(run);
  }

  /** Runs passes until nothing is due and nothing is under way: for tests and for draining. */
  async settleAll(): Promise<void> {
    for (;;) {
      const moved = await this.pass();
      if (moved === 0 && this.#running.size === 0) return;
      await Promise.all(this.#running);
    }
  }

  /** Sooner than the poll where a sink that is shut opens before. */
  #pollMs(): number {
    const now = clockNow().getTime();
    return Math.min(POLL_MS, Math.max(50, (this.#gate.opensAt(now) ?? Number.POSITIVE_INFINITY) - now));
  }

  /** Until the signal: pass, then sleep until woken or the poll. @param beat called after every good pass */
  async run(signal: AbortSignal, beat: () => void): Promise<void> {
    signal.addEventListener("abort", () => this.wake(), { once: true });
    while (!signal.aborted) {
      // What ends in the same turn gives its places back together: then one look fills them all.
      await new Promise((turn) => setImmediate(turn));
      this.#woken = false;
      try {
        const moved = await this.pass();
        beat();
        if (moved > 0) continue;
      } catch (err) {
        this.#log.warn({ err }, "the outbox could not look for due deliveries");
      }
      await new Promise<void>((resolve) => {
        if (this.#woken || signal.aborted) return resolve();
        const timer = setTimeout(resolve, this.#places.free(monotonicMs()) === 0 ? FULL_MS : this.#pollMs());
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    this.#closed = true;
    await Promise.allSettled(this.#running);
  }
}
