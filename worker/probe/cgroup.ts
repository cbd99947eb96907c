// Control groups where the machine gives them to us: the kernel then holds memory, CPU and process count itself. Where it
// does not, the supervisor's own watch is all there is, and the region says which of the two it is when it starts.
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = "/sys/fs/cgroup";
const NEEDED = ["cpu", "memory", "pids"] as const;

export interface CgroupLimits {
  memoryBytes: number;
  /** Cores, 1 is one whole core. */
  cpus: number;
  pids: number;
}

export interface Cgroups {
  /** Puts a process that has just started under its limits. @returns false when the kernel refused: it runs without */
  hold(pid: number, limits: CgroupLimits): boolean;
  /** Of a process that has ended. */
  forget(pid: number): void;
}

/**
 * @param root where the unified hierarchy is mounted
 * @returns null where there is none, it lacks a controller, or it is not ours to write
 */
export function cgroups(root = ROOT, self = "/proc/self/cgroup"): Cgroups | null {
  let parent: string;
  try {
    const own = /^0::(.*)$/m.exec(readFileSync(self, "latin1"))?.[1];
    if (own === undefined) return null;
    parent = join(root, own, `tocsin-${process.pid}`);
    const offered = readFileSync(join(root, own, "cgroup.controllers"), "latin1")
      .trim()
      .split(/\s+/);
    if (!NEEDED.every((name) => offered.includes(name))) return null;
    mkdirSync(parent, { recursive: true });
    writeFileSync(join(root, own, "cgroup.subtree_control"), NEEDED.map((name) => `+${name}`).join(" "));
    writeFileSync(join(parent, "cgroup.subtree_control"), NEEDED.map((name) => `+${name}`).join(" "));
  } catch {
    return null;
  }
  const place = (pid: number) => join(parent, `prober-${pid}`);
  return {
    hold(pid, { memoryBytes, cpus, pids }) {
      try {
        mkdirSync(place(pid), { recursive: true });
        writeFileSync(join(place(pid), "memory.max"), String(memoryBytes));
        writeFileSync(join(place(pid), "cpu.max"), `${Math.round(cpus * 100_000)} 100000`);
        writeFileSync(join(place(pid), "pids.max"), String(pids));
        writeFileSync(join(place(pid), "cgroup.procs"), String(pid));
        return true;
      } catch {
        return false;
      }
    },
    forget(pid) {
      try {
        rmdirSync(place(pid));
      } catch {} // Still dying: the next start of the machine takes it away.
    },
  };
}
