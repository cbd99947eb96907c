// Outlives the starter by a moment: it holds the list of process groups that the starter made and ends them when the
// starter's end of the pipe closes, which also happens when the starter is killed with SIGKILL.
import { createInterface } from "node:readline";

const GRACE_MS = 4_000;
const groups = new Map<number, NodeJS.Signals>();

function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

// Lines: "+ <group> <signal that stops it>" and "- <group>".
for await (const line of createInterface({ input: process.stdin })) {
  const [verb, pid, signal] = line.split(" ");
  if (verb === "+") groups.set(Number(pid), (signal ?? "SIGTERM") as NodeJS.Signals);
  if (verb === "-") groups.delete(Number(pid));
}

for (const [pid, signal] of groups) signalGroup(pid, signal);
const end = performance.now() + GRACE_MS;
while (performance.now() < end && [...groups.keys()].some((pid) => signalGroup(pid, 0)))
  await new Promise((r) => setTimeout(r, 50));
for (const pid of groups.keys()) signalGroup(pid, "SIGKILL");
