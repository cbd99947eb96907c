// A pool of prober processes. A batch whose prober had to be stopped is run again, each server alone, so that the one
// that did it is named and the others are judged as if nothing had been.
import { monotonicMs } from "#lib/adapters/clock";
import type { AddressPolicy } from "#lib/adapters/http";
import type { Step } from "#lib/domain/transcript";
import { type BatchEvents, type Limits, LIMITS, type ProberExit, ProberProcess } from "./prober-process.ts";
import { type Stopped, stoppedResult } from "./result.ts";
import type { ProbeTarget } from "./transcript.ts";

/** Whoever can have a tenant's servers probed: processes of this machine, or an agent somewhere else. */
export interface Prober {
  /** Calls back once per server and resolves when each has its result. @param wantSteps sends each step as it ends */
  run(targets: ProbeTarget[], policy: AddressPolicy, events: BatchEvents, wantSteps?: boolean): Promise<void>;
}

export interface PoolOptions {
  /** Processes at most; they are started as they are needed. */
  size: number;
  limits?: Partial<Limits>;
  onExit?: (exit: ProberExit) => void;
}

const CHECK_MS = 100;
/** A hung batch holds a process for most of a minute, so many may be needed, and few most of the time. */
const SPARE_MS = 60_000;

export class ProberPool implements Prober {
  readonly #limits: Limits;
  readonly #options: PoolOptions;
  readonly #all = new Set<ProberProcess>();
  readonly #idle: ProberProcess[] = [];
  readonly #waiting: ((prober: ProberProcess) => void)[] = [];
  readonly #timer: NodeJS.Timeout;
  #nextBatch = 1;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#timer = setInterval(() => {
      const at = monotonicMs();
      for (const prober of this.#all) prober.check(at);
      // The oldest wait at the front; one stays, so that the next batch need not wait for a start.
      const spare = this.#idle.length > 1 ? this.#idle[0] : undefined;
      if (spare && at - spare.idleSince > SPARE_MS) spare.stop("recycled");
    }, CHECK_MS);
    this.#timer.unref();
  }

  /**
   * Probes one tenant's servers and calls back once per server. Resolves when each has its result.
   * @param wantSteps sends each step as it ends
   */
  async run(targets: ProbeTarget[], policy: AddressPolicy, events: BatchEvents, wantSteps = false): Promise<void> {
    const left = new Map(targets.map((t) => [t.serverId, t]));
    const stopped = await this.#once(
      targets,
      policy,
      { ...events, result: (r) => left.delete(r.serverId) && events.result(r) },
      wantSteps,
    );
    if (stopped === null || left.size === 0 || this.#closed) return;
    await Promise.all([...left.values()].map((target) => this.#alone(target, policy, events)));
  }

  async #alone(target: ProbeTarget, policy: AddressPolicy, events: BatchEvents): Promise<void> {
    const startedAt = monotonicMs();
    const steps: Step[] = [];
    let answered = false;
    const stopped = await this.#once(
      [target],
      policy,
      {
        step: (id, step) => {
          steps.push(step);
          events.step?.(id, step);
        },
        result: (result) => {
          answered = true;
          events.result(result);
        },
      },
      true,
    );
    if (!answered && !this.#closed)
      events.result(
        stoppedResult(target.serverId, target.url, stopped ?? "crash", steps, Math.round(monotonicMs() - startedAt)),
      );
  }

  async #once(
    targets: ProbeTarget[],
    policy: AddressPolicy,
    events: BatchEvents,
    steps: boolean,
  ): Promise<Stopped | null> {
    const prober = await this.#acquire();
    const stopped = await prober.run({ id: this.#nextBatch++, targets, policy, steps }, events);
    this.#release(prober);
    return stopped;
  }

  #acquire(): Promise<ProberProcess> {
    const idle = this.#idle.pop();
    if (idle && !idle.gone) return Promise.resolve(idle);
    if (this.#all.size < this.#options.size) return Promise.resolve(this.#start());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #start(): ProberProcess {
    const prober = new ProberProcess(this.#limits);
    this.#all.add(prober);
    void prober.exited.then((exit) => {
      this.#all.delete(prober);
      const at = this.#idle.indexOf(prober);
      if (at >= 0) this.#idle.splice(at, 1);
      this.#options.onExit?.(exit);
      const next = this.#closed ? undefined : this.#waiting.shift();
      if (next) next(this.#start());
    });
    return prober;
  }

  #release(prober: ProberProcess): void {
    if (prober.gone) return; // Its exit hands its place on.
    const next = prober.worn || this.#closed ? undefined : this.#waiting.shift();
    if (prober.worn || this.#closed) prober.stop("recycled");
    else if (next) next(prober);
    else {
      prober.idleSince = monotonicMs();
      this.#idle.push(prober);
    }
  }

  /** Processes that run now. */
  pids(): number[] {
    return [...this.#all].filter((prober) => !prober.gone).map((prober) => prober.pid);
  }

  /** Kills what runs and resolves when every process is gone; batches in flight end without further results. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    const exits = [...this.#all].map((prober) => prober.exited);
    for (const prober of this.#all) prober.stop("closed");
    await Promise.all(exits);
  }
}
