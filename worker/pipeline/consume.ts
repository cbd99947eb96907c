// Sealed slots from the Redis stream into decide(): different servers beside each other, one server in its order. An
// entry leaves the stream only after its decision has committed; whatever dies before that, another takes it over.
import { crashPoint } from "#lib/adapters/crash";
import { now as clockNow } from "#lib/adapters/clock";
import { type Db, isBeingErased } from "#lib/adapters/db";
import type { Redis } from "ioredis";
import type { Log } from "#lib/adapters/log";
import { type SealedSlot, sealedSlotSchema } from "#lib/domain/verdict";
import { decide } from "./decide.ts";
import { isOutage } from "#lib/adapters/outage";
import { decideQuiet, Settled } from "./quiet.ts";
import { decideSelftest } from "../selftest/selftest.ts";
import { SealedStream, type Entry } from "./stream.ts";
import { WaitingRoom } from "./waiting-room.ts";

export interface ConsumerCounts {
  decided: number;
  /** Could not be read at all. */
  malformed: number;
  /** Could be read and failed each time, with the database there. */
  poisoned: number;
}

export interface ConsumeParts {
  db: Db;
  /** Never fails for being offline; its own, since commands on it wait while Redis is away. */
  redis: Redis;
  prefix: string;
  /** Unique per process. */
  consumer: string;
  log: Log;
  /** Something may be due for the outbox of this process. */
  wake(): void;
}

/** The duty: until the signal. @param beat called after every look at the stream */
export function consume(
  { db, redis, prefix, consumer, log, wake }: ConsumeParts,
  signal: AbortSignal,
  beat: () => void,
): Promise<void> {
  return new SealedConsumer(db, new SealedStream(redis, prefix, consumer), log, wake).run(signal, beat);
}

const LANES = 8;
const BUFFER = 512;
/** What changes nothing may wait so long for others of its tenant; nobody is told later because of it. */
const TOGETHER_MS = 2_000;
const TOGETHER = 100;
const CLAIM_EVERY_MS = 5_000;
const TRIES = 5;
const PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2_000;

interface Waiting {
  entry: Entry;
  sealed: SealedSlot;
  signal: AbortSignal;
}

export class SealedConsumer {
  readonly counts: ConsumerCounts = { decided: 0, malformed: 0, poisoned: 0 };
  readonly #db: Db;
  readonly #stream: SealedStream;
  readonly #log: Log;
  readonly #wake: () => void;
  /** The last slot under way of each server: the next one of the same server waits for it. */
  readonly #lines = new Map<string, Promise<void>>();
  readonly #underWay = new Set<string>();
  readonly #settled = new Settled();
  readonly #together = new WaitingRoom<Waiting>({ most: TOGETHER, longestMs: TOGETHER_MS }, (tenantId, waiting) =>
    this.#quietly(tenantId, waiting),
  );
  #running = 0;
  #waiting: (() => void)[] = [];

  constructor(db: Db, stream: SealedStream, log: Log, wake: () => void) {
    this.#db = db;
    this.#stream = stream;
    this.#log = log;
    this.#wake = wake;
  }

  /** Until the signal; then what is under way is finished. @param beat called after every look at the stream */
  async run(signal: AbortSignal, beat: () => void): Promise<void> {
    const stop = () => this.#stream.interrupt();
    signal.addEventListener("abort", stop, { once: true });
    let claimAt = 0;
    try {
      while (!signal.aborted) {
        const at = clockNow().getTime();
        const stale = at >= claimAt || at < claimAt - CLAIM_EVERY_MS;
        if (stale) claimAt = at + CLAIM_EVERY_MS;
        const room = BUFFER - this.#underWay.size;
        const entries = stale ? await this.#stream.takeOver(BUFFER) : room > 0 ? await this.#stream.read(room) : [];
        beat();
        for (const entry of entries) this.#accept(entry, signal);
        if (room <= 0) {
          this.#together.open();
          await Promise.race(this.#lines.values());
        }
      }
    } catch (err) {
      if (!signal.aborted) throw err;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#together.open();
      await Promise.allSettled(this.#lines.values());
    }
  }

  /** Everything that is in the stream now, until it is done: for tests and benches. */
  async drain(signal: AbortSignal = new AbortController().signal): Promise<void> {
    for (
      let entries = await this.#stream.read(BUFFER, 1);
      entries.length > 0;
      entries = await this.#stream.read(BUFFER, 1)
    ) {
      for (const entry of entries) this.#accept(entry, signal);
      while (this.#lines.size > 0) {
        await new Promise((turn) => setImmediate(turn)); // Whoever waits behind another of its server comes in now.
        this.#together.open();
        await Promise.race(this.#lines.values());
      }
    }
  }

  #accept(entry: Entry, signal: AbortSignal): void {
    // Our own entry, taken over from ourselves because Postgres has been away for long: it is still being tried.
    if (this.#underWay.has(entry.id)) return;
    this.#underWay.add(entry.id);
    const sealed = parse(entry);
    const line = sealed?.serverId ?? entry.id;
    const run = (this.#lines.get(line) ?? Promise.resolve())
      .then(() =>
        sealed !== null && this.#settled.has(sealed)
          ? this.#together.wait(sealed.tenantId, { entry, sealed, signal })
          : this.#inALane(() => this.#handle(entry, sealed, signal)),
      )
      .catch((err) =>
        this.#log.error({ err, entry: entry.id }, "a sealed slot could not be handled; it stays in the stream"),
      )
      .finally(() => {
        this.#underWay.delete(entry.id);
        if (this.#lines.get(line) === run) this.#lines.delete(line);
      });
    this.#lines.set(line, run);
  }

  async #inALane<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= LANES) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  /** A tenant's settled servers in one go. Whatever is not that simple after all goes the whole way. */
  async #quietly(tenantId: string, waiting: Waiting[]): Promise<void> {
    const slots = waiting.map((w) => w.sealed);
    const decided = await this.#inALane(() =>
      decideQuiet(this.#db, tenantId, slots, clockNow()).catch((err) => {
        this.#log.debug({ err, tenant: tenantId }, "quiet slots are decided one by one");
        return new Set<SealedSlot>();
      }),
    );
    this.counts.decided += decided.size;
    await this.#stream.done(...waiting.filter((w) => decided.has(w.sealed)).map((w) => w.entry.id));
    if (decided.size > 0) crashPoint("after_stream_ack");
    const left = waiting.filter((w) => !decided.has(w.sealed));
    await Promise.all(left.map((w) => this.#inALane(() => this.#handle(w.entry, w.sealed, w.signal))));
  }

  async #handle(entry: Entry, sealed: SealedSlot | null, signal: AbortSignal): Promise<void> {
    if (entry.selftest !== undefined) await this.#selftest(entry.selftest);
    else if (sealed === null) {
      this.counts.malformed++;
      this.#log.error(
        { entry: entry.id, bytes: entry.sealed?.length ?? 0 },
        "a sealed slot is malformed and was dropped",
      );
    } else if (!(await this.#decided(sealed, signal))) return;
    await this.#stream.done(entry.id);
    crashPoint("after_stream_ack");
  }

  /** Not tried again: the next one comes within half a minute, and a missing one is what it is for. */
  async #selftest(id: string): Promise<void> {
    try {
      await decideSelftest(this.#db, id, clockNow());
      this.#wake();
    } catch (err) {
      this.#log.warn({ err, selftest: id }, "the self-test did not come through the pipeline");
    }
  }

  /** @returns false when it has to stay in the stream */
  async #decided(sealed: SealedSlot, signal: AbortSignal): Promise<boolean> {
    for (let failures = 0, pause = PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        const decided = await decide(this.#db, sealed, clockNow());
        this.counts.decided++;
        // A slot that came late has been seen by no stage.
        if (decided.outcome === "decided") this.#settled.decided(sealed);
        // NOTIFY says the same to every process; here it need not take the long way.
        if (decided.change === "opened" || decided.change === "raised" || decided.resolved.length > 0) this.#wake();
        if (decided.nobodyToTell)
          this.#log.error(
            { tenant: sealed.tenantId, incident: decided.incidentId },
            "an incident opened and there is nobody to tell",
          );
        return true;
      } catch (err) {
        // It waits in the stream and not in a lane: others go on, and it is taken over again until the erasure ends.
        if (isBeingErased(err)) return false;
        if (!isOutage(err) && ++failures >= TRIES) {
          this.counts.poisoned++;
          this.#log.error(
            { err, server: sealed.serverId, slot: sealed.slot },
            "a sealed slot could not be decided and was dropped",
          );
          return true;
        }
        this.#log.warn({ err, server: sealed.serverId, slot: sealed.slot }, "a sealed slot could not be decided yet");
        if (signal.aborted) return false;
        await new Promise((resolve) => setTimeout(resolve, pause));
        if (signal.aborted) return false;
      }
    }
  }
}

function parse(entry: Entry): SealedSlot | null {
  try {
    const parsed = sealedSlotSchema.safeParse(JSON.parse(entry.sealed ?? ""));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
