// postmaster.pid outlives a killed server. When its number now belongs to another process of the same user, PostgreSQL
// would refuse to start for ever; and a server whose starter was killed must end before the next one begins.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "./problem.ts";

/** @throws Problem when a living server of another start holds the data */
export function clearStaleLock(cluster: string): void {
  const file = join(cluster, "postmaster.pid");
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, "utf8").split("\n")[0]);
  const owner = serverOn(pid, cluster);
  if (owner === "unknown") return; // No way to look: PostgreSQL decides.
  if (owner === "other") {
    rmSync(file, { force: true });
    return;
  }
  if (owner === "orphan") process.kill(pid, "SIGINT");
  else
    throw new Problem(
      `PostgreSQL already runs on ${cluster} as process ${pid}: another start of Tocsin uses this data folder; end that one, or name another folder in TOCSIN_DATA.`,
    );
  for (let i = 0; i < 200 && serverOn(pid, cluster) === "orphan"; i++)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
}

function serverOn(pid: number, cluster: string): "orphan" | "held" | "other" | "unknown" {
  if (!existsSync("/proc/self/stat")) return "unknown";
  try {
    if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(cluster)) return "other";
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (state === "Z") return "other";
    // Servers are children of their starter; with the starter gone somebody else has adopted them.
    const adopter = readFileSync(`/proc/${parent}/cmdline`, "utf8");
    return parent === "1" || !adopter.includes("node") ? "orphan" : "held";
  } catch {
    return "other";
  }
}
