// One start per data folder: two would share databases and ports that each believes to be its own.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "./problem.ts";

export interface Hold {
  giveBack(): void;
  /** The start before this one was killed: what it started may still be ending. */
  afterCrash: boolean;
}

/** @throws Problem when another start holds the folder */
export function holdFolder(dataDir: string): Hold {
  const file = join(dataDir, "start.pid");
  const afterCrash = existsSync(file);
  if (afterCrash) {
    const pid = Number(readFileSync(file, "utf8"));
    if (pid !== process.pid && isStart(pid))
      throw new Problem(
        `Tocsin already runs from ${dataDir} as process ${pid}: stop that one, or name another folder in TOCSIN_DATA.`,
      );
  }
  writeFileSync(file, String(process.pid));
  return { afterCrash, giveBack: () => rmSync(file, { force: true }) };
}

function isStart(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  // The number may belong to somebody else by now, where that can be seen.
  return !existsSync("/proc/self/cmdline") || readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("start/");
}
