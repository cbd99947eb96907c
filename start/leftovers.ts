// Every process of a test run carries the run's mark in its environment, so that what stays behind can be told from
// everything else on the machine. Where there is no /proc, nothing can be seen and nothing is claimed.
import { existsSync, readdirSync, readFileSync } from "node:fs";

export const MARK = "TOCSIN_TEST_RUN";

export interface Leftover {
  pid: number;
  command: string;
}

/** Waits up to graceMs for processes to end by themselves. @returns who is still there; null where nobody can look */
export async function leftovers(mark: string, graceMs: number): Promise<Leftover[] | null> {
  if (!existsSync("/proc/self/environ")) return null;
  const end = performance.now() + graceMs;
  for (;;) {
    const found = marked(mark);
    if (found.length === 0 || performance.now() > end) return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Zombies have no environment any more and hold nothing: they do not count. */
function marked(mark: string): Leftover[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        if (!readFileSync(`/proc/${name}/environ`, "utf8").split("\0").includes(`${MARK}=${mark}`)) return [];
        return [
          {
            pid: Number(name),
            command: readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim().slice(0, 160),
          },
        ];
      } catch {
        return [];
      }
    });
}

export function kill(left: readonly Leftover[]): void {
  for (const { pid } of left) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // Gone in the meantime.
    }
  }
}
