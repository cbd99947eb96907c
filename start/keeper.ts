// Keeps parts running: what dies is started again after a pause that grows, what was stopped on purpose stays stopped.
import { messageOf } from "./problem.ts";

export interface Running {
  pid: number;
  exited: Promise<string>;
  stop(): Promise<void>;
}

export interface Part {
  name: string;
  /** Parts of the lowest stage are stopped first, together. */
  stage: number;
  start(): Promise<Running>;
  logFile?: string;
}

export interface PartState {
  name: string;
  state: "running" | "starting" | "stopped" | "failing";
  pid: number | null;
  restarts: number;
}

export interface Keeper {
  /** @throws what the part's first start throws */
  add(part: Part): Promise<void>;
  /** @throws Error when there is no part of that name */
  start(name: string): Promise<void>;
  stop(name: string): Promise<void>;
  states(): PartState[];
  stopAll(): Promise<void>;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const CALM_MS = 60_000;

interface Kept {
  part: Part;
  running: Running | null;
  wanted: boolean;
  state: PartState["state"];
  restarts: number;
  pauseMs: number;
  cancelPause: () => void;
}

export function keeper(say: (line: string) => void): Keeper {
  const all = new Map<string, Kept>();
  const found = (name: string): Kept => {
    const kept = all.get(name);
    if (kept === undefined)
      throw new Error(`There is no part named ${name.slice(0, 60)}: the parts are ${[...all.keys()].join(", ")}.`);
    return kept;
  };

  async function launch(kept: Kept): Promise<void> {
    kept.state = "starting";
    const running = await kept.part.start();
    kept.running = running;
    kept.state = "running";
    const since = performance.now();
    void running.exited.then((how) => {
      if (kept.running === running) kept.running = null;
      if (!kept.wanted) return;
      if (performance.now() - since > CALM_MS) kept.pauseMs = FIRST_PAUSE_MS;
      void again(kept, `ended (${how})`);
    });
    if (!kept.wanted) await running.stop(); // Stopped while it was starting.
  }

  async function again(kept: Kept, why: string): Promise<void> {
    kept.state = "failing";
    const pauseMs = kept.pauseMs;
    kept.pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    say(
      `${kept.part.name} ${why}: starting it again in ${pauseMs / 1000} s${kept.part.logFile ? ` (log: ${kept.part.logFile})` : ""}`,
    );
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pauseMs);
      kept.cancelPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    if (!kept.wanted || kept.running) return;
    kept.restarts++;
    await launch(kept).then(
      () => say(`${kept.part.name} runs again`),
      (error: unknown) => (kept.wanted ? again(kept, `did not start (${messageOf(error)})`) : undefined),
    );
  }

  async function halt(kept: Kept): Promise<void> {
    kept.wanted = false;
    kept.state = "stopped";
    kept.cancelPause();
    await kept.running?.stop();
    kept.running = null;
  }

  return {
    async add(part) {
      const kept: Kept = {
        part,
        running: null,
        wanted: true,
        state: "starting",
        restarts: 0,
        pauseMs: FIRST_PAUSE_MS,
        cancelPause: () => {},
      };
      all.set(part.name, kept);
      await launch(kept);
    },
    async start(name) {
      const kept = found(name);
      if (kept.running || kept.state === "starting") return;
      kept.wanted = true;
      await launch(kept).catch((error: unknown) => {
        kept.wanted = false;
        kept.state = "stopped";
        throw error;
      });
    },
    stop: (name) => halt(found(name)),
    states: () =>
      [...all.values()].map((k) => ({
        name: k.part.name,
        state: k.state,
        pid: k.running?.pid ?? null,
        restarts: k.restarts,
      })),
    async stopAll() {
      for (const kept of all.values()) {
        kept.wanted = false;
        kept.cancelPause();
      }
      const stages = [...new Set([...all.values()].map((k) => k.part.stage))].sort((a, b) => a - b);
      for (const stage of stages)
        await Promise.allSettled([...all.values()].filter((k) => k.part.stage === stage).map(halt));
    },
  };
}
