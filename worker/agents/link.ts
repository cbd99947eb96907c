// The region's probers, seen from home: batches wait here until an agent of the region fetches them, and end when it
// has handed in what it saw, or when their slot is over. What is not handed in was not checked: no server is blamed.
import { now as clockNow } from "#lib/adapters/clock";
import type { AddressPolicy } from "#lib/adapters/http";
import type { LeaseKeeper } from "#lib/adapters/secrets/lease";
import { sealAt } from "#lib/domain/cadence";
import type { ProbeJob } from "../probe/job.ts";
import type { BatchEvents } from "../probe/prober-process.ts";
import type { ProbeResult } from "../probe/result.ts";
import type { Prober, Turn } from "../probe/supervisor.ts";
import type { ProbeTarget } from "../probe/transcript.ts";
import type { Granter } from "./grant.ts";
import type { Batch } from "./wire.ts";

interface Pending {
  job: ProbeJob;
  targets: ProbeTarget[];
  policy: AddressPolicy;
  events: BatchEvents;
  left: Set<string>;
  done(): void;
}

/** What is known of a server and is no secret. A key that is not named here travels sealed. */
const OPEN_KEYS = new Set([
  "serverId",
  "tenantId",
  "url",
  "knownEra",
  "headers",
  "ca",
  "look",
  "routine",
  "knownLists",
]);
const CHECK_MS = 250;
/** An answer with so much in it gets no more batches: one tenant's long certificates must not make it unreadable. */
const MOST_CHARS = 4 * 1024 * 1024;

export class AgentLink implements Prober {
  readonly #region: string;
  readonly #granter: Granter;
  readonly #keeper: LeaseKeeper;
  readonly #waiting: Pending[] = [];
  readonly #out = new Set<Pending>();
  readonly #wakes = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;

  constructor(region: string, granter: Granter, keeper: LeaseKeeper) {
    this.#region = region;
    this.#granter = granter;
    this.#keeper = keeper;
    this.#timer = setInterval(() => this.#endOver(), CHECK_MS);
    this.#timer.unref();
  }

  run(
    targets: ProbeTarget[],
    policy: AddressPolicy,
    events: BatchEvents,
    _steps = false,
    turn: Turn = {},
  ): Promise<void> {
    const { job } = turn;
    if (job === undefined) return Promise.reject(new Error("an agent has to be told what a batch is of"));
    if (targets.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const pending: Pending = {
        ...{ job, targets, policy, events, left: new Set(targets.map((t) => t.serverId)) },
        done: () => {
          this.#out.delete(pending);
          const at = this.#waiting.indexOf(pending);
          if (at >= 0) this.#waiting.splice(at, 1);
          resolve();
        },
      };
      if (job.live) this.#waiting.unshift(pending);
      else this.#waiting.push(pending);
      for (const wake of this.#wakes) wake();
    });
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Resolves as soon as a batch waits, at the latest after `ms` or when the signal says so. */
  something(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#waiting.length > 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#wakes.delete(end);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#wakes.add(end);
      signal.addEventListener("abort", end, { once: true });
    });
  }

  /** @param holder the agent's public key: only it opens what is sealed here */
  take(most: number, holder: string): Batch[] {
    this.#endOver();
    const batches: Batch[] = [];
    for (let chars = 0; batches.length < most && chars < MOST_CHARS; ) {
      const pending = this.#waiting.shift();
      if (pending === undefined) break;
      // First: one that cannot be sealed to this holder must not be left where nobody ends it.
      this.#out.add(pending);
      pending.events.started?.();
      const batch = this.#batchOf(pending, holder);
      chars += JSON.stringify(batch.open).length;
      for (const sealed of Object.values(batch.lease?.sealed ?? {})) chars += sealed.length;
      batches.push(batch);
    }
    return batches;
  }

  /** @returns false when nobody waits for it any more: then it is recorded as what comes by itself */
  handIn(job: Pick<ProbeJob, "slot" | "tenantId" | "live">, result: ProbeResult): boolean {
    for (const pending of this.#out) {
      if (pending.job.slot !== job.slot || pending.job.tenantId !== job.tenantId) continue;
      // What a person asked for in the same slot is another look: neither is taken for the other.
      if (pending.job.live?.requestId !== job.live?.requestId) continue;
      if (!pending.left.delete(result.serverId)) continue;
      if (pending.job.live) for (const step of result.transcript.steps) pending.events.step?.(result.serverId, step);
      pending.events.result(result);
      if (pending.left.size === 0) pending.done();
      return true;
    }
    return false;
  }

  close(): void {
    clearInterval(this.#timer);
    for (const pending of [...this.#waiting, ...this.#out]) pending.done();
    for (const wake of this.#wakes) wake();
  }

  #endOver(): void {
    const at = clockNow().getTime();
    for (const pending of [...this.#waiting, ...this.#out])
      if (at >= sealAt(pending.job.slot, pending.job.intervalS)) pending.done();
  }

  #batchOf({ job, targets, policy }: Pending, holder: string): Batch {
    const secrets = new Map(targets.filter(isSecret).map((t) => [t.serverId, JSON.stringify(t)]));
    return {
      grant: this.#granter.give(this.#region, job, clockNow().getTime()),
      policy: policy as Batch["policy"],
      open: targets.filter((t) => !isSecret(t)),
      lease:
        secrets.size === 0
          ? null
          : this.#keeper.issue({ tenantId: job.tenantId, region: this.#region, holder, secrets }),
    };
  }
}

/** An address may hold a key in its query, so only one without is open. */
function isSecret(target: ProbeTarget): boolean {
  const more = Object.entries(target).some(([key, value]) => !OPEN_KEYS.has(key) && value !== undefined);
  return more || Object.keys(target.headers).length > 0 || target.url.includes("?");
}
