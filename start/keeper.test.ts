import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { keeper, type Part } from "./keeper.ts";

interface FakeRun {
  die(how: string): void;
  stopped: boolean;
}

// The seam is a process of the operating system; the keeper's own logic is what runs here.
function part(name: string, stage: number, journal: string[], failFirst = 0): { part: Part; runs: FakeRun[] } {
  const runs: FakeRun[] = [];
  let failures = failFirst;
  return {
    runs,
    part: {
      name,
      stage,
      async start() {
        if (failures-- > 0) throw new Error("no");
        journal.push(`start ${name}`);
        let die!: (how: string) => void;
        const exited = new Promise<string>((resolve) => {
          die = resolve;
        });
        const run: FakeRun = { die, stopped: false };
        runs.push(run);
        return {
          pid: runs.length,
          exited,
          stop: async () => {
            run.stopped = true;
            journal.push(`stop ${name}`);
            die("SIGTERM");
          },
        };
      },
    },
  };
}

describe("the keeper", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it("starts a part again that died, says so, and waits longer each time", async () => {
    const said: string[] = [];
    const journal: string[] = [];
    const a = part("a", 1, journal);
    const k = keeper((line) => said.push(line));
    await k.add(a.part);
    a.runs[0]?.die("SIGKILL");
    await vi.advanceTimersByTimeAsync(499);
    expect(a.runs).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(a.runs).toHaveLength(2);
    a.runs[1]?.die("exit code 1");
    await vi.advanceTimersByTimeAsync(999);
    expect(a.runs).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(a.runs).toHaveLength(3);
    expect(said[0]).toContain("a ended (SIGKILL)");
    expect(k.states()).toEqual([{ name: "a", state: "running", pid: 3, restarts: 2 }]);
  });

  it("leaves a part alone that was stopped on purpose, until it is started", async () => {
    const a = part("a", 1, []);
    const k = keeper(() => {});
    await k.add(a.part);
    await k.stop("a");
    await vi.advanceTimersByTimeAsync(120_000);
    expect(a.runs).toHaveLength(1);
    expect(k.states()[0]?.state).toBe("stopped");
    await k.start("a");
    expect(a.runs).toHaveLength(2);
  });

  it("stops stage by stage, the lowest first, and starts nothing afterwards", async () => {
    const journal: string[] = [];
    const k = keeper(() => {});
    const a = part("database", 9, journal);
    const b = part("worker", 1, journal);
    await k.add(a.part);
    await k.add(b.part);
    journal.length = 0;
    await k.stopAll();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(journal).toEqual(["stop worker", "stop database"]);
  });

  it("keeps trying when a restart fails, and hands the first failure to the caller", async () => {
    const k = keeper(() => {});
    await expect(k.add(part("a", 1, [], 1).part)).rejects.toThrow("no");
    const b = part("b", 1, []);
    await k.add(b.part);
    const start = b.part.start;
    let refusals = 2;
    b.part.start = () => (refusals-- > 0 ? Promise.reject(new Error("busy")) : start());
    b.runs[0]?.die("exit code 1");
    await vi.advanceTimersByTimeAsync(500 + 1_000 + 2_000);
    expect(b.runs).toHaveLength(2);
  });

  it("says why a start by hand failed, and lets it be tried again", async () => {
    const k = keeper(() => {});
    const a = part("a", 1, []);
    await k.add(a.part);
    await k.stop("a");
    const start = a.part.start;
    a.part.start = () => Promise.reject(new Error("port taken"));
    await expect(k.start("a")).rejects.toThrow("port taken");
    expect(k.states()[0]?.state).toBe("stopped");
    a.part.start = start;
    await k.start("a");
    expect(k.states()[0]?.state).toBe("running");
  });

  it("names the parts there are when asked for one that is not", async () => {
    const k = keeper(() => {});
    await k.add(part("worker", 1, []).part);
    expect(() => k.stop("wroker")).toThrow("the parts are worker");
  });
});
