// Outcomes that wait for the line home: in memory, bounded in number and bytes, the oldest thrown away first and
// counted. What its slot can no longer take is not carried along for ever.
import { sealAt } from "#lib/domain/cadence";
import { type Grant, MOST_LOST } from "../agents/wire.ts";
import type { ProbeJob } from "../probe/job.ts";
import type { ProbeResult } from "../probe/result.ts";

export interface Kept {
  grant: Grant;
  slot: number;
  result: ProbeResult;
}

const MOST = 5_000;
const MOST_BYTES = 32 * 1024 * 1024;
const SEND_BYTES = 1024 * 1024;
const SEND_MOST = 100;
/** Home judges whether a slot is closed; an agent throws away only what certainly is. */
const CERTAIN_MS = 60_000;

export class Outbox {
  #kept: (Kept & { bytes: number; over: number })[] = [];
  #bytes = 0;
  #lost = 0;

  get size(): number {
    return this.#kept.length;
  }

  put(grant: Grant, job: Pick<ProbeJob, "slot" | "intervalS">, result: ProbeResult): void {
    const slim = Buffer.byteLength(JSON.stringify(result)) > SEND_BYTES / 2 ? without(result) : result;
    const bytes = Buffer.byteLength(JSON.stringify(slim)) + grant.text.length;
    this.#kept.push({ grant, slot: job.slot, result: slim, bytes, over: sealAt(job.slot, job.intervalS) + CERTAIN_MS });
    this.#bytes += bytes;
    while (this.#kept.length > MOST || this.#bytes > MOST_BYTES) this.#drop(1);
  }

  /** The next to be sent, oldest first. They stay until `sent` says that they arrived. */
  next(homeNow: number): Kept[] {
    const over = this.#kept.filter((k) => homeNow >= k.over);
    this.#lost += over.length;
    this.#keep(this.#kept.filter((k) => homeNow < k.over));
    const chosen: Kept[] = [];
    let bytes = 0;
    for (const { grant, slot, result, bytes: more } of this.#kept) {
      if (chosen.length >= SEND_MOST || (chosen.length > 0 && bytes + more > SEND_BYTES)) break;
      bytes += more;
      chosen.push({ grant, slot, result });
    }
    return chosen;
  }

  sent(arrived: readonly Kept[]): void {
    const results = new Set(arrived.map((k) => k.result));
    this.#keep(this.#kept.filter((k) => !results.has(k.result)));
  }

  /** @returns how many were thrown away and not yet spoken of: as many as can be said at once, the rest the next time */
  takeLost(): number {
    const lost = Math.min(this.#lost, MOST_LOST);
    this.#lost -= lost;
    return lost;
  }

  /** It could not be said after all. */
  returnLost(count: number): void {
    this.#lost += count;
  }

  clear(): void {
    this.#drop(this.#kept.length);
  }

  #drop(count: number): void {
    this.#lost += count;
    this.#keep(this.#kept.slice(count));
  }

  #keep(left: (Kept & { bytes: number; over: number })[]): void {
    this.#kept = left;
    this.#bytes = left.reduce((sum, k) => sum + k.bytes, 0);
  }
}

/** A tool list that is too long to travel is compared by its hash alone. */
function without({ tools: _tools, ...rest }: ProbeResult): ProbeResult {
  return rest;
}
