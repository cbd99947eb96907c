// Over 300 lines: who gets a process and what becomes of one that was stopped depend on each other at every step.
// The prober processes of a region, and who may use them when. A tenant has a process for itself while its servers are
// in it, several of its batches at once, and never more than its share of the processes. A batch whose prober had to be
// stopped is run again, each server alone, so that the one that did it is named and the others are judged.
import { monotonicMs, now } from "#lib/adapters/clock";
import type { AddressPolicy } from "#lib/adapters/http";
import { leaseKeeper } from "#lib/adapters/secrets/lease";
import { sealAt } from "#lib/domain/cadence";
import { FairLine, mostOf } from "#lib/domain/fair-share";
import type { Step } from "#lib/domain/transcript";
import type { Cgroups } from "./cgroup.ts";
import type { ProbeJob } from "./job.ts";
import { type BatchEvents, type Limits, LIMITS, type ProberExit, ProberProcess } from "./prober-process.ts";
import { type Stopped, stoppedResult } from "./result.ts";
import type { ProbeTarget } from "./transcript.ts";

/** What a batch is part of. */
export interface Turn {
  /** Without one it is worth starting for two wall times. */
  job?: ProbeJob;
}

/** Whoever can have a tenant's servers probed: processes of this machine, or an agent somewhere else. */
export interface Prober {
  /**
   * Calls back once per server and resolves when each has its result or its slot is sealed.
   * @param wantSteps sends each step as it ends
   */
  run(
    targets: ProbeTarget[],
    policy: AddressPolicy,
    events: BatchEvents,
    wantSteps?: boolean,
    turn?: Turn,
  ): Promise<void>;
}

export interface PoolOptions {
  /** Processes at most; they are started as they are needed. Dedicated ones come on top. */
  size: number;
  limits?: Partial<Limits>;
  cgroups?: Cgroups | null;
  /** Stands in the leases that credentials travel under. */
  region?: string;
  /** Another program in place of the prober, for tests of what must not happen. */
  program?: string;
  onExit?: (exit: ProberExit) => void;
}

interface Wait {
  tenantId: string;
  cost: number;
  alone: boolean;
  lane: Lane;
  until: number;
  go(prober: ProberProcess | null): void;
}

/** The shared processes, or those of one tenant alone. */
interface Lane {
  size: number;
  mostEach: number;
  all: Set<ProberProcess>;
  line: FairLine<Wait>;
}

const CHECK_MS = 100;
/** A hung batch holds a process for most of a minute, so many may be needed, and few most of the time. */
const SPARE_MS = 60_000;
/** A tenant whose batches never pause would keep its process for ever: after so long nobody joins while others wait. */
const TURN_MS = 2_000;
/** Servers at once in one process: what hangs costs a socket there, and no process. */
const TOGETHER = 50;
/** Processes of an enterprise tenant's own, at most: 200 servers at once. */
const DEDICATED = 4;
/** A server that had its prober stopped is probed alone for so long. */
const QUARANTINE_MS = 3_600_000;
/** Batches of one tenant in hand, waiting or running. More are not taken: their slots are sealed without this region. */
const MOST_BATCHES = 64;

export class ProberPool implements Prober {
  readonly #limits: Limits;
  readonly #options: PoolOptions;
  readonly #shared: Lane;
  readonly #keeper = leaseKeeper();
  readonly #dedicated = new Map<string, Lane>();
  /** Server → monotonic ms until which it runs alone. */
  readonly #quarantine = new Map<string, number>();
  readonly #batches = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #nextBatch = 1;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#shared = lane(options.size, mostOf(options.size));
    this.#timer = setInterval(() => this.#look(monotonicMs()), CHECK_MS);
    this.#timer.unref();
  }

  /**
   * Probes one tenant's servers and calls back once per server. Resolves when each has its result, or when its time is
   * over: then those without one were not probed.
   * @param wantSteps sends each step as it ends
   */
  async run(
    targets: ProbeTarget[],
    policy: AddressPolicy,
    events: BatchEvents,
    wantSteps = false,
    { job }: Turn = {},
  ): Promise<void> {
    const tenantId = targets[0]?.tenantId;
    if (tenantId === undefined) return;
    const inHand = this.#batches.get(tenantId) ?? 0;
    if (inHand >= MOST_BATCHES) return;
    this.#batches.set(tenantId, inHand + 1);
    try {
      const at = monotonicMs();
      const until =
        at + (job && !job.live ? sealAt(job.slot, job.intervalS) - now().getTime() : 2 * this.#limits.wallMs);
      const place = { tenantId, until, lane: this.#laneOf(tenantId, job?.dedicated === true) };
      const apart = targets.filter((t) => (this.#quarantine.get(t.serverId) ?? 0) > at);
      const together = targets.filter((t) => !apart.includes(t));
      let started = events.started;
      const begin = () => {
        started?.();
        started = undefined;
      };
      await Promise.all([
        this.#together(together, place, policy, events, wantSteps, begin),
        ...apart.map((target) => this.#alone(target, place, policy, events, begin)),
      ]);
    } finally {
      const left = (this.#batches.get(tenantId) ?? 1) - 1;
      if (left === 0) this.#batches.delete(tenantId);
      else this.#batches.set(tenantId, left);
    }
  }

  async #together(
    targets: ProbeTarget[],
    place: Pick<Wait, "tenantId" | "until" | "lane">,
    policy: AddressPolicy,
    events: BatchEvents,
    wantSteps: boolean,
    begin: () => void,
  ): Promise<void> {
    if (targets.length === 0) return;
    const left = new Map(targets.map((t) => [t.serverId, t]));
    const prober = await this.#acquire({ ...place, cost: targets.length, alone: false });
    if (prober === null) return;
    begin();
    const stopped = await this.#in(prober, targets, policy, wantSteps, {
      ...events,
      result: (r) => left.delete(r.serverId) && events.result(r),
    });
    if (stopped === null || this.#closed) return;
    await Promise.all([...left.values()].map((target) => this.#alone(target, place, policy, events, begin)));
  }

  async #alone(
    target: ProbeTarget,
    place: Pick<Wait, "tenantId" | "until" | "lane">,
    policy: AddressPolicy,
    events: BatchEvents,
    begin: () => void,
  ): Promise<void> {
    const prober = await this.#acquire({ ...place, cost: 1, alone: true });
    if (prober === null) return;
    begin();
    const startedAt = monotonicMs();
    const steps: Step[] = [];
    let answered = false;
    const stopped = await this.#in(prober, [target], policy, true, {
      step: (id, step) => {
        steps.push(step);
        events.step?.(id, step);
      },
      result: (result) => {
        answered = true;
        events.result(result);
      },
    });
    if (this.#closed) return;
    const at = monotonicMs();
    if (stopped === null) this.#quarantine.delete(target.serverId);
    else this.#quarantine.set(target.serverId, at + QUARANTINE_MS);
    if (!answered)
      events.result(stoppedResult(target.serverId, target.url, stopped ?? "crash", steps, Math.round(at - startedAt)));
  }

  async #in(
    prober: ProberProcess,
    targets: ProbeTarget[],
    policy: AddressPolicy,
    steps: boolean,
    events: BatchEvents,
  ): Promise<Stopped | null> {
    const softMs = this.#limits.softMs;
    const stopped = await prober.run({ id: this.#nextBatch++, targets, policy, steps, softMs }, events);
    this.#release(prober);
    return stopped;
  }

  #laneOf(tenantId: string, dedicated: boolean): Lane {
    if (!dedicated) return this.#shared;
    const own = this.#dedicated.get(tenantId) ?? lane(DEDICATED, DEDICATED);
    this.#dedicated.set(tenantId, own);
    return own;
  }

  /** @returns null when its time was over before its turn came, or the pool is closed */
  #acquire(wanted: Omit<Wait, "go">): Promise<ProberProcess | null> {
    if (this.#closed) return Promise.resolve(null);
    return new Promise((go) => {
      wanted.lane.line.push({ ...wanted, go });
      this.#serve(wanted.lane);
    });
  }

  /** Hands out every place that somebody in line may have now. */
  #serve(lane: Lane): void {
    for (;;) {
      let found: ProberProcess | "new" | null = null;
      const next = lane.line.take((wait) => {
        found = this.#placeFor(wait);
        return found !== null;
      });
      if (next === null || found === null) return;
      const prober: ProberProcess | null = found === "new" ? this.#start(lane) : found;
      if (prober === null) {
        next.go(null);
        continue;
      }
      if (prober.tenantId === null) prober.heldSince = monotonicMs();
      prober.tenantId = next.tenantId;
      prober.alone = next.alone;
      prober.reserved += next.cost;
      next.go(prober);
    }
  }

  #placeFor({ lane, tenantId, alone, cost }: Wait): ProberProcess | "new" | null {
    let held = 0;
    let idle: ProberProcess | null = null;
    for (const prober of lane.all) {
      if (prober.gone) {
        // Until its exit is heard it counts: its place is not free yet.
        if (prober.tenantId === tenantId) held++;
      } else if (prober.tenantId === null) {
        if (idle === null || prober.idleSince > idle.idleSince) idle = prober;
      } else if (prober.tenantId === tenantId) {
        const room = !alone && !prober.alone && !prober.worn && prober.inFlight + cost <= TOGETHER;
        if (room && (monotonicMs() - prober.heldSince < TURN_MS || !this.#owed(lane, tenantId))) return prober;
        held++;
      }
    }
    if (held >= lane.mostEach) return null;
    if (idle !== null) return idle;
    return lane.all.size < lane.size ? "new" : null;
  }

  /** Somebody else waits for a process and may have one. */
  #owed(lane: Lane, tenantId: string): boolean {
    for (const other of lane.line.tenants()) {
      if (other === tenantId) continue;
      let held = 0;
      for (const prober of lane.all) if (prober.tenantId === other) held++;
      if (held < lane.mostEach) return true;
    }
    return false;
  }

  /** @returns null when the machine has no room for another process */
  #start(lane: Lane): ProberProcess | null {
    const { program, cgroups = null, region = "local" } = this.#options;
    let prober: ProberProcess;
    try {
      prober = new ProberProcess(this.#limits, { program, cgroups, region, keeper: this.#keeper });
    } catch (err) {
      process.emitWarning(err instanceof Error ? err : String(err));
      return null;
    }
    lane.all.add(prober);
    void prober.exited.then((exit) => {
      lane.all.delete(prober);
      this.#options.onExit?.(exit);
      if (!this.#closed) this.#serve(lane);
    });
    return prober;
  }

  #release(prober: ProberProcess): void {
    if (prober.gone) return; // Its exit hands its place on.
    if (!prober.busy) {
      prober.tenantId = null;
      prober.alone = false;
      prober.idleSince = monotonicMs();
      if (prober.worn || this.#closed) prober.stop("recycled");
    }
    this.#serveAll();
  }

  #serveAll(): void {
    if (this.#closed) return;
    this.#serve(this.#shared);
    for (const own of this.#dedicated.values()) this.#serve(own);
  }

  #look(at: number): void {
    for (const [tenantId, lane] of [["", this.#shared] as const, ...this.#dedicated]) {
      for (const prober of lane.all) prober.check(at);
      for (const late of lane.line.drop((wait) => wait.until <= at)) late.go(null);
      // The oldest wait goes first; one shared process stays, so that the next batch need not wait for a start.
      const idle = [...lane.all]
        .filter((p) => p.tenantId === null && !p.gone)
        .sort((a, b) => a.idleSince - b.idleSince);
      const [spare] = lane === this.#shared ? idle.slice(0, -1) : idle;
      if (spare && at - spare.idleSince > SPARE_MS) spare.stop("recycled");
      if (lane !== this.#shared && lane.all.size === 0 && lane.line.size === 0) this.#dedicated.delete(tenantId);
    }
    for (const [id, until] of this.#quarantine) if (until <= at) this.#quarantine.delete(id);
  }

  /** Batches that wait for a process, over all tenants. */
  get waiting(): number {
    return [this.#shared, ...this.#dedicated.values()].reduce((n, { line }) => n + line.size, 0);
  }

  /** Processes that run now. */
  pids(): number[] {
    return this.#everyProcess()
      .filter((prober) => !prober.gone)
      .map((prober) => prober.pid);
  }

  #everyProcess(): ProberProcess[] {
    return [this.#shared, ...this.#dedicated.values()].flatMap(({ all }) => [...all]);
  }

  /** Kills what runs and resolves when every process is gone; batches in flight end without further results. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    const probers = this.#everyProcess();
    for (const { line } of [this.#shared, ...this.#dedicated.values()])
      for (const wait of line.drop(() => true)) wait.go(null);
    for (const prober of probers) prober.stop("closed");
    await Promise.all(probers.map((prober) => prober.exited));
  }
}

const lane = (size: number, mostEach: number): Lane => ({ size, mostEach, all: new Set(), line: new FairLine() });
