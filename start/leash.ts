// The starter's end of the reaper: one helper process for all children, made with the first of them.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { MARK } from "./leftovers.ts";

let reaper: ChildProcess | undefined;
const held = new Map<number, NodeJS.Signals>();

function say(line: string): void {
  if (reaper === undefined || reaper.exitCode !== null || reaper.signalCode !== null) {
    reaper = spawn(process.execPath, [join(import.meta.dirname, "reaper.ts")], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      env: unmarked(),
    });
    reaper.unref();
    reaper.stdin?.on("error", () => {});
    (reaper.stdin as unknown as { unref?: () => void } | null)?.unref?.();
    for (const [pid, signal] of held) reaper.stdin?.write(`+ ${pid} ${signal}\n`);
  }
  reaper.stdin?.write(`${line}\n`);
}

/** It ends a moment after its starter by design, so it must not count as left behind by a test run. */
function unmarked(): NodeJS.ProcessEnv {
  const { [MARK]: _, ...env } = process.env;
  return env as NodeJS.ProcessEnv;
}

/** Ends this process group when the calling process ends, however it does; returns how to let go of it. */
export function leash(pid: number, signal: NodeJS.Signals): () => void {
  say(`+ ${pid} ${signal}`);
  held.set(pid, signal);
  return () => {
    held.delete(pid);
    say(`- ${pid}`);
  };
}
