// One way to start a process: in a group of its own, its output in a file, ended with this process whatever happens.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { leash } from "./leash.ts";
import { MARK } from "./leftovers.ts";
import { messageOf, Problem } from "./problem.ts";

export interface ChildSpec {
  name: string;
  command: string;
  args: readonly string[];
  env: Record<string, string | undefined>;
  cwd: string;
  /** Output of the process is added to this file; it is put aside as .1 when it grew past 8 MiB. */
  logFile: string;
  stopSignal?: NodeJS.Signals;
  /** After so long (default 5,000 ms) the group is killed. */
  graceMs?: number;
  uid?: number;
  gid?: number;
  /** Gives each line of stdout to this function as well; such lines are not in the file. */
  onLine?: (line: string) => void;
}

export interface Child {
  name: string;
  pid: number;
  /** Says how it ended, e.g. "exit code 1" or "SIGKILL"; never rejects. */
  exited: Promise<string>;
  hasExited(): boolean;
  stop(signal?: NodeJS.Signals): Promise<void>;
  logTail(lines?: number): string;
}

const MAX_LOG_BYTES = 8 * 1024 * 1024;

/** @throws Problem when the program cannot be started at all */
export async function startChild(spec: ChildSpec): Promise<Child> {
  const out = openLog(spec.logFile);
  const from = statSync(spec.logFile).size; // What earlier runs said must not pass for this one's last words.
  const stdout = spec.onLine ? "pipe" : out;
  const owner = {
    ...(spec.uid === undefined ? {} : { uid: spec.uid }),
    ...(spec.gid === undefined ? {} : { gid: spec.gid }),
  };
  let child: ChildProcess;
  try {
    child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: clean(spec.env),
      detached: true,
      stdio: ["ignore", stdout, out],
      ...owner,
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
  } catch (error) {
    throw new Problem(
      `${spec.name} could not be started from ${spec.command}: run \`npm ci\` again.`,
      messageOf(error),
    );
  } finally {
    closeSync(out);
  }
  const pid = child.pid as number;
  const unleash = leash(pid, spec.stopSignal ?? "SIGTERM");
  if (spec.onLine && child.stdout) void eachLine(child.stdout, spec.onLine);
  let ended = false;
  const exited = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => {
      ended = true;
      signalGroup(pid, "SIGKILL"); // What the process started itself must not outlive it.
      unleash();
      resolve(signal ?? `exit code ${code}`);
    });
  });
  return {
    name: spec.name,
    pid,
    exited,
    hasExited: () => ended,
    async stop(signal = spec.stopSignal ?? "SIGTERM") {
      if (ended) return;
      signalGroup(pid, signal);
      const hard = setTimeout(() => signalGroup(pid, "SIGKILL"), spec.graceMs ?? 5_000);
      await exited;
      clearTimeout(hard);
    },
    logTail: (lines = 25) => tail(spec.logFile, lines, from),
  };
}

async function eachLine(stream: AsyncIterable<Buffer>, take: (line: string) => void): Promise<void> {
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + chunk.toString("utf8")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  }
}

function openLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true });
  try {
    if (statSync(file).size > MAX_LOG_BYTES) renameSync(file, `${file}.1`);
  } catch {
    // Not there yet.
  }
  return openSync(file, "a", 0o600);
}

function tail(file: string, lines: number, from: number): string {
  try {
    return readFileSync(file).subarray(from).toString("utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "";
  }
}

export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Already gone.
  }
}

/** The mark of a test run goes to every descendant, whatever else it is told: leftovers.ts looks for it. */
const clean = (env: Record<string, string | undefined>): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries({ [MARK]: process.env[MARK], ...env }).filter(([, v]) => v !== undefined),
  ) as NodeJS.ProcessEnv;
