// One prober process as its supervisor holds it: a process group of its own, watched by clock, heartbeat and memory,
// and killed as a group. One batch at a time.
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { monotonicMs } from "#lib/adapters/clock";
import type { Step } from "#lib/domain/transcript";
import type { Batch, FromProber } from "./prober.ts";
import type { ProbeResult, Stopped } from "./result.ts";

export interface Limits {
  /** Without a result or step for so long the group is killed. */
  wallMs: number;
  /** Without a sign from the child's event loop for so long: it is stuck in one piece of work. */
  stalledMs: number;
  rssBytes: number;
  heapMb: number;
  /** Then the process is replaced by a fresh one. */
  maxProbes: number;
}

export const LIMITS: Limits = {
  wallMs: 50_000,
  stalledMs: 10_000,
  rssBytes: 256 * 1024 * 1024,
  heapMb: 128,
  maxProbes: 500,
};

/** How a process ended and what it took: one row per process for the operator. */
export interface ProberExit {
  pid: number;
  reason: Stopped | "recycled" | "closed";
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  probes: number;
  maxRssBytes: number;
  lifeMs: number;
  stdoutBytes: number;
  stderrBytes: number;
}

export interface BatchEvents {
  step?(serverId: string, step: Step): void;
  result(result: ProbeResult): void;
}

interface Running {
  batch: Batch;
  events: BatchEvents;
  progressAt: number;
  settle(stopped: Stopped | null): void;
}

export class ProberProcess {
  readonly #child: ChildProcess;
  readonly #limits: Limits;
  readonly #bornAt = monotonicMs();
  #running: Running | null = null;
  #aliveAt = monotonicMs();
  #ending: ProberExit["reason"] | null = null;
  #maxRss = 0;
  #out = 0;
  #err = 0;
  probes = 0;
  /** By the monotonic clock, while it waits for work. */
  idleSince = 0;
  readonly exited: Promise<ProberExit>;

  constructor(limits: Limits) {
    this.#limits = limits;
    // The environment holds one number and no secret: look-ups run on the thread pool, and 4 slow ones would stop all.
    // A small nursery: with the default one a busy prober rests at 200 MB, too near to the limit to tell a hog by it.
    this.#child = spawn(
      process.execPath,
      [`--max-old-space-size=${limits.heapMb}`, "--max-semi-space-size=4", join(import.meta.dirname, "prober.ts")],
      {
        detached: true,
        env: { UV_THREADPOOL_SIZE: "16" } as Record<string, string> as NodeJS.ProcessEnv,
        stdio: ["ignore", "pipe", "pipe", "ipc"],
      },
    );
    this.#child.stdout?.on("data", (bytes: Buffer) => (this.#out += bytes.length));
    this.#child.stderr?.on("data", (bytes: Buffer) => (this.#err += bytes.length));
    this.#child.on("message", (message) => this.#heard(message as FromProber));
    this.#child.on("error", () => {}); // A failed start or send shows as its exit.
    this.exited = new Promise((resolve) => {
      this.#child.once("exit", (exitCode, signal) => {
        this.#killGroup(); // Nothing the child may have started outlives it.
        const reason = this.#ending ?? "crash";
        this.#running?.settle(reason === "recycled" || reason === "closed" ? "crash" : reason);
        resolve({
          pid: this.pid,
          reason,
          exitCode,
          signal,
          probes: this.probes,
          maxRssBytes: this.#maxRss,
          lifeMs: Math.round(monotonicMs() - this.#bornAt),
          stdoutBytes: this.#out,
          stderrBytes: this.#err,
        });
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
    return this.#ending !== null || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** @returns why the process had to be stopped, or null when the batch ended by itself */
  run(batch: Batch, events: BatchEvents): Promise<Stopped | null> {
    return new Promise((resolve) => {
      const settle = (stopped: Stopped | null) => {
        this.#running = null;
        resolve(stopped);
      };
      this.#running = { batch, events, progressAt: monotonicMs(), settle };
      this.#aliveAt = monotonicMs();
      this.probes += batch.targets.length;
      this.#child.send(batch, (err) => {
        if (err) this.stop("crash");
      });
    });
  }

  /** Called by the supervisor's clock, every 100 ms. */
  check(at: number): void {
    if (this.gone || this.pid === 0) return;
    const rss = residentBytes(this.pid);
    this.#maxRss = Math.max(this.#maxRss, rss);
    if (rss > this.#limits.rssBytes) this.stop("memory");
    else if (this.#running && at - this.#aliveAt > this.#limits.stalledMs) this.stop("stalled");
    else if (this.#running && at - this.#running.progressAt > this.#limits.wallMs) this.stop("wall");
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

  #heard(message: FromProber): void {
    this.#aliveAt = monotonicMs();
    const running = this.#running;
    if (!running || message.kind === "alive" || message.kind === "ready" || message.batch !== running.batch.id) return;
    running.progressAt = monotonicMs();
    // A prober speaks only of the servers it was given.
    const known = (id: string) => running.batch.targets.some((t) => t.serverId === id);
    if (message.kind === "step" && known(message.serverId)) running.events.step?.(message.serverId, message.step);
    if (message.kind === "result" && known(message.result.serverId)) running.events.result(message.result);
    if (message.kind === "done") running.settle(null);
  }
}

/** Linux only; elsewhere 0, and the heap limit alone holds. */
function residentBytes(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1] ?? 0) * 4096;
  } catch {
    return 0;
  }
}
