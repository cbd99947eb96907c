// One runner for everything that happens by itself: a lease where it must run once over all processes, a deadline, a
// panic fence, and a record of its last success that readiness is read from. No loose timers elsewhere.
import { monotonicMs, now as clockNow } from "#lib/adapters/clock";
import type { Db } from "#lib/adapters/db";
import { markRun, takeLease } from "#lib/adapters/lock";
import type { Log } from "#lib/adapters/log";

interface Base {
  name: string;
  /** Without a success for so long the process is not ready. */
  staleMs: number;
}

/** Runs every everyMs; `once` means once over all processes, by lease. */
export interface TimedDuty extends Base {
  kind: "timed";
  everyMs: number;
  deadlineMs: number;
  once: boolean;
  /** @param token of the lease, for writes that refuse an older one; null without a lease */
  run(now: Date, signal: AbortSignal, token: bigint | null): Promise<void>;
}

/** Runs until stopped and says so itself; restarted with a pause when it throws. */
export interface LoopDuty extends Base {
  kind: "loop";
  run(signal: AbortSignal, beat: () => void): Promise<void>;
}

export type Duty = TimedDuty | LoopDuty;

/** A duty of every second need not write each of its successes: people read minutes. */
const MARK_EVERY_MS = 30_000;

export interface DutyState {
  name: string;
  staleMs: number;
  lastBeat: number;
  /** Another process holds the lease: then this one owes nothing. */
  elsewhere: boolean;
  lastError: string | null;
  /** When its success was last written down (monotonic ms); absent before the first. */
  markedAt?: number;
}

export interface RunningDuties {
  states(): DutyState[];
  /** Tells every duty to stop and waits for all, in the order given at start. */
  stop(): Promise<void>;
}

const PAUSE_AFTER_FAULT_MS = 1_000;

export function runDuties(duties: readonly Duty[], holder: string, db: Db, log: Log): RunningDuties {
  const abort = new AbortController();
  const states = new Map<string, DutyState>();
  const runs = duties.map((duty) => {
    const state: DutyState = {
      name: duty.name,
      staleMs: duty.staleMs,
      lastBeat: monotonicMs(),
      elsewhere: false,
      lastError: null,
    };
    states.set(duty.name, state);
    return duty.kind === "loop"
      ? keepLooping(duty, state, abort.signal, log)
      : keepTiming(duty, state, holder, db, abort.signal, log);
  });
  return {
    states: () => [...states.values()],
    async stop() {
      abort.abort();
      await Promise.allSettled(runs);
    },
  };
}

async function keepLooping(duty: LoopDuty, state: DutyState, signal: AbortSignal, log: Log): Promise<void> {
  const beat = () => {
    state.lastBeat = monotonicMs();
    state.lastError = null;
  };
  while (!signal.aborted) {
    try {
      await duty.run(signal, beat);
    } catch (err) {
      state.lastError = err instanceof Error ? err.message : String(err);
      log.error({ err, duty: duty.name }, "a duty failed and is started again");
      await pause(PAUSE_AFTER_FAULT_MS, signal);
    }
  }
}

async function keepTiming(
  duty: TimedDuty,
  state: DutyState,
  holder: string,
  db: Db,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  while (!signal.aborted) {
    const t0 = monotonicMs();
    await runOnce(duty, state, holder, db, signal, log);
    await pause(Math.max(50, duty.everyMs - (monotonicMs() - t0)), signal);
  }
}

/** One run with its lease, deadline and fence. @returns false when another process has it or it failed */
export async function runOnce(
  duty: TimedDuty,
  state: DutyState,
  holder: string,
  db: Db,
  signal: AbortSignal,
  log: Log,
): Promise<boolean> {
  try {
    let token: bigint | null = null;
    if (duty.once) {
      const leaseMs = Math.max(10_000, duty.deadlineMs + duty.everyMs);
      token = await takeLease(db, duty.name, holder, clockNow(), leaseMs);
      state.elsewhere = token === null;
      if (token === null) {
        state.lastBeat = monotonicMs();
        return false;
      }
    }
    await withDeadline(
      duty.run(clockNow(), AbortSignal.any([signal, AbortSignal.timeout(duty.deadlineMs)]), token),
      duty.deadlineMs,
    );
    state.lastBeat = monotonicMs();
    if (
      duty.once &&
      (state.lastError !== null || state.lastBeat - (state.markedAt ?? -MARK_EVERY_MS) >= MARK_EVERY_MS)
    ) {
      await markRun(db, duty.name, holder, clockNow(), null);
      state.markedAt = state.lastBeat;
    }
    state.lastError = null;
    return true;
  } catch (err) {
    state.lastError = err instanceof Error ? err.message : String(err);
    if (!signal.aborted) log.error({ err, duty: duty.name }, "a duty failed; its next run is on time");
    if (duty.once) await markRun(db, duty.name, holder, clockNow(), state.lastError.slice(0, 500)).catch(() => {});
    return false;
  }
}

function withDeadline(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`deadline of ${ms} ms passed`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
