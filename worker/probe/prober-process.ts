// Over 300 lines: one process with its three clocks, its end and what it may say, which share all of its state.
// One prober process as its supervisor holds it: a process group of its own, watched by clock, heartbeat, memory and
// output, and killed as a group. Several batches at a time, all of one tenant.
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { monotonicMs, now } from "#lib/adapters/clock";
import { type LeaseKeeper, leaseKeeper } from "#lib/adapters/secrets/lease";
import type { Step } from "#lib/domain/transcript";
import type { Cgroups } from "./cgroup.ts";
import { holdsSecrets, sealBatch } from "./leased.ts";
import type { Batch, FromProber } from "./prober.ts";
import type { ProbeResult, Stopped } from "./result.ts";

export interface Limits {
  /** Each probe is told to end after so long. */
  softMs: number;
  /** A batch that is not done after so long, whatever it said meanwhile, has its process killed. */
  wallMs: number;
  /** Without a sign from the child's event loop for so long: it is stuck in one piece of work. */
  stalledMs: number;
  rssBytes: number;
  heapMb: number;
  /** Of standard output and error together; a prober has nothing to say there. */
  outputBytes: number;
  /** Then the process is replaced by a fresh one. */
  maxProbes: number;
}

export const LIMITS: Limits = {
  softMs: 45_000,
  wallMs: 50_000,
  stalledMs: 10_000,
  rssBytes: 256 * 1024 * 1024,
  heapMb: 128,
  outputBytes: 1024 * 1024,
  // 500 full batches. A start takes half a second of CPU and the first hundreds of probes are slow: at 500 probes a life
  // that was more than all the probing. What leaks before is stopped by its memory.
  maxProbes: 500 * 25,
};

/** How a process ended and what it took: one row per process for the operator. */
export interface ProberExit {
  id: string;
  pid: number;
  startedAt: Date;
  endedAt: Date;
  reason: Stopped | "recycled" | "closed";
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  probes: number;
  maxRssBytes: number;
  /** Last seen before the end; 0 where the machine does not say. */
  cpuMs: number;
  lifeMs: number;
  stdoutBytes: number;
  stderrBytes: number;
  /** In whose work it had to be stopped, and the servers that had not answered; null at an ordinary end. */
  culprit: { tenantId: string; serverIds: string[]; batchMs: number } | null;
}

export interface BatchEvents {
  /** Its turn came: a process has it. Once, however often parts of it are run again. */
  started?(): void;
  step?(serverId: string, step: Step): void;
  result(result: ProbeResult): void;
}

interface Running {
  batch: Batch;
  events: BatchEvents;
  startedAt: number;
  left: Set<string>;
  settle(stopped: Stopped | null): void;
}

/** Without a batch it is looked at so often; with one at every call. */
const IDLE_LOOK_MS = 1_000;
const PROGRAM = join(import.meta.dirname, "prober.ts");
const SHELL = "/bin/sh";

export class ProberProcess {
  readonly #child: ChildProcess;
  readonly #limits: Limits;
  readonly #cgroups: Cgroups | null;
  readonly #keeper: LeaseKeeper;
  readonly #region: string;
  /** The child's own key, once it has said it. */
  #holder: string | null = null;
  /** Batches with credentials wait for that key; others go at once. */
  readonly #unsealed: Batch[] = [];
  readonly #bornAt = monotonicMs();
  readonly #startedAt = now();
  readonly #running = new Map<number, Running>();
  #aliveAt = monotonicMs();
  #lookedAt = 0;
  #ending: ProberExit["reason"] | null = null;
  #ended = false;
  #maxRss = 0;
  #cpuMs = 0;
  #out = 0;
  #err = 0;
  probes = 0;
  /** Who has it: it speaks for one tenant at a time. */
  tenantId: string | null = null;
  /** By the monotonic clock: when this tenant got it. */
  heldSince = 0;
  /** Servers of batches that were promised this process and are not with it yet. */
  reserved = 0;
  /** Nobody joins: one server is in it alone, to see what it does. */
  alone = false;
  /** By the monotonic clock, while it waits for work. */
  idleSince = 0;
  readonly exited: Promise<ProberExit>;

  constructor(
    limits: Limits,
    options: { program?: string | undefined; cgroups?: Cgroups | null; keeper?: LeaseKeeper; region?: string } = {},
  ) {
    this.#limits = limits;
    this.#keeper = options.keeper ?? leaseKeeper();
    this.#region = options.region ?? "local";
    this.#cgroups = options.cgroups ?? null;
    // A small nursery: with the default one a busy prober rests at 200 MB, too near to the limit to tell a hog by it.
    const node = [`--max-old-space-size=${limits.heapMb}`, "--max-semi-space-size=4", options.program ?? PROGRAM];
    // No core dump: it would hold what the process holds. The shell makes way for node, which keeps its process id.
    const [command, args] = existsSync(SHELL)
      ? [SHELL, ["-c", 'ulimit -c 0; exec "$0" "$@"', process.execPath, ...node]]
      : [process.execPath, node];
    // The environment holds one number and no secret: look-ups run on the thread pool, and 4 slow ones would stop all.
    this.#child = spawn(command, args, {
      detached: true,
      env: { UV_THREADPOOL_SIZE: "16" } as Record<string, string> as NodeJS.ProcessEnv,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    // Two cores at most: look-ups and collection run beside the loop.
    if (this.pid !== 0) this.#cgroups?.hold(this.pid, { memoryBytes: 2 * limits.rssBytes, cpus: 2, pids: 64 });
    this.#child.stdout?.on("data", (bytes: Buffer) => this.#printed(bytes.length, 0));
    this.#child.stderr?.on("data", (bytes: Buffer) => this.#printed(0, bytes.length));
    this.#child.on("message", (message) => this.#listen(message as FromProber));
    this.exited = new Promise((resolve) => {
      const ended = (exitCode: number | null, signal: NodeJS.Signals | null) => {
        this.#ended = true;
        this.#killGroup(); // Nothing the child may have started outlives it.
        this.#cgroups?.forget(this.pid);
        if (this.#holder !== null) this.#keeper.forget(this.#holder);
        const exit = this.#exit(exitCode, signal);
        const stopped = exit.reason === "recycled" || exit.reason === "closed" ? "crash" : exit.reason;
        for (const running of [...this.#running.values()]) running.settle(stopped);
        resolve(exit);
      };
      this.#child.once("exit", ended);
      // A failed send shows as its exit. What could not even be started (no descriptor, no process left) never has one.
      this.#child.on("error", () => {
        if (this.#child.pid === undefined && !this.#ended) ended(null, null);
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get worn(): boolean {
    return this.probes >= this.#limits.maxProbes;
  }

  get gone(): boolean {
    return (
      this.#ended ||
      this.pid === 0 ||
      this.#ending !== null ||
      this.#child.exitCode !== null ||
      this.#child.signalCode !== null
    );
  }

  /** Servers that have not answered yet, and those on their way to it. */
  get inFlight(): number {
    let n = this.reserved;
    for (const { left } of this.#running.values()) n += left.size;
    return n;
  }

  get busy(): boolean {
    return this.#running.size > 0 || this.reserved > 0;
  }

  /** @returns why the process had to be stopped, or null when the batch ended by itself */
  run(batch: Batch, events: BatchEvents): Promise<Stopped | null> {
    return new Promise((resolve) => {
      const settle = (stopped: Stopped | null) => {
        this.#running.delete(batch.id);
        resolve(stopped);
      };
      if (this.#running.size === 0) this.#aliveAt = monotonicMs();
      this.reserved -= batch.targets.length;
      if (this.pid === 0) return resolve("crash");
      const left = new Set(batch.targets.map((t) => t.serverId));
      this.#running.set(batch.id, { batch, events, startedAt: monotonicMs(), left, settle });
      this.probes += batch.targets.length;
      if (!holdsSecrets(batch)) this.#send(batch);
      else if (this.#holder === null) this.#unsealed.push(batch);
      else this.#sendSealed(batch, this.#holder);
    });
  }

  #send(batch: Batch): void {
    this.#child.send(batch, (err) => {
      if (err) this.stop("crash");
    });
  }

  #sendSealed(batch: Batch, holder: string): void {
    try {
      this.#send(sealBatch(batch, this.#keeper, holder, this.#region));
    } catch (err) {
      this.#broken(err);
    }
  }

  #broken(err: unknown): void {
    process.emitWarning(err instanceof Error ? err : String(err));
    this.stop("crash");
  }

  /** Called by the supervisor's clock, every 100 ms. */
  check(at: number): void {
    if (this.gone || this.pid === 0) return;
    const working = this.#running.size > 0;
    if (!working && at - this.#lookedAt < IDLE_LOOK_MS) return;
    this.#lookedAt = at;
    const rss = this.#measure();
    if (rss > this.#limits.rssBytes) this.stop("memory");
    // Before it is ready it is our own start that takes long, and no server's doing.
    else if (this.#holder === null) {
      if (at - this.#bornAt > this.#limits.wallMs) this.stop("crash");
    } else if (working && at - this.#aliveAt > this.#limits.stalledMs) this.stop("stalled");
    else if ([...this.#running.values()].some((r) => at - r.startedAt > this.#limits.wallMs)) this.stop("wall");
  }

  stop(reason: ProberExit["reason"]): void {
    this.#ending ??= reason;
    this.#killGroup();
  }

  #killGroup(): void {
    if (this.pid === 0) return;
    try {
      process.kill(-this.pid, "SIGKILL");
    } catch {} // The group is gone already.
  }

  #printed(out: number, err: number): void {
    this.#out += out;
    this.#err += err;
    if (this.#out + this.#err > this.#limits.outputBytes) this.stop("crash");
  }

  /** Resident bytes. Linux only; elsewhere 0, and the heap limit alone holds. */
  #measure(): number {
    try {
      const stat = readFileSync(`/proc/${this.pid}/stat`, "latin1");
      // The name in brackets may hold anything; after it come fields 3 and following: 14 and 15 CPU ticks, 24 pages.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      this.#cpuMs = (Number(fields[11]) + Number(fields[12])) * 10;
      const rss = Number(fields[21]) * 4096;
      this.#maxRss = Math.max(this.#maxRss, rss);
      return rss;
    } catch {
      return 0;
    }
  }

  #exit(exitCode: number | null, signal: NodeJS.Signals | null): ProberExit {
    const reason = this.#ending ?? "crash";
    const ended = monotonicMs();
    const open = [...this.#running.values()];
    const orderly = reason === "recycled" || reason === "closed";
    return {
      id: randomUUID(),
      pid: this.pid,
      startedAt: this.#startedAt,
      endedAt: now(),
      reason,
      exitCode,
      signal,
      probes: this.probes,
      maxRssBytes: this.#maxRss,
      cpuMs: this.#cpuMs,
      lifeMs: Math.round(ended - this.#bornAt),
      stdoutBytes: this.#out,
      stderrBytes: this.#err,
      culprit:
        // Before it was ready it had asked nobody: a machine that cannot start a process blames no tenant.
        orderly || this.tenantId === null || open.length === 0 || this.#holder === null
          ? null
          : {
              tenantId: this.tenantId,
              serverIds: open.flatMap((r) => [...r.left]),
              batchMs: Math.round(ended - Math.min(...open.map((r) => r.startedAt))),
            },
    };
  }

  /** What cannot be understood ends the prober that said it, and not the region with everybody's checks. */
  #listen(message: FromProber): void {
    try {
      this.#heard(message);
    } catch (err) {
      this.#broken(err);
    }
  }

  #heard(message: FromProber): void {
    this.#aliveAt = monotonicMs();
    if (message.kind === "ready") {
      this.#holder ??= message.holder;
      for (const running of this.#running.values()) running.startedAt = monotonicMs();
      for (const batch of this.#unsealed.splice(0)) this.#sendSealed(batch, this.#holder);
    }
    if (message.kind === "alive" || message.kind === "ready") return;
    const running = this.#running.get(message.batch);
    if (!running) return;
    // A prober speaks only of the servers it was given, and once of each.
    if (message.kind === "step" && running.left.has(message.serverId))
      running.events.step?.(message.serverId, message.step);
    if (message.kind === "result" && running.left.delete(message.result.serverId))
      running.events.result(message.result);
    if (message.kind === "done") {
      this.#measure();
      running.settle(null);
    }
  }
}
