// `tocsin agent`: a region on this machine, which only dials out. A process of its own: it needs no setting of the
// installation, and none of them may reach it.
import { spawn } from "node:child_process";
import { join } from "node:path";

export const AGENT_USAGE = `  npm run tocsin -- agent --url https://… --token-file FILE   look from this machine for a region (docs/agent.md)`;

const PASSED_ON = ["PATH", "HOME", "LANG", "TZ", "NODE_EXTRA_CA_CERTS", "LOG_LEVEL", "TOCSIN_CA_FILE"];
const OWN = ["TOCSIN_AGENT_TOKEN", "TOCSIN_AGENT_URL", "TOCSIN_EGRESS_TARGETS"];

/** @returns the exit code: 0 told to stop, 1 refused, 3 another version is needed, 4 the token opens nothing */
export function agentCommand(args: string[]): Promise<number> {
  const names = [...PASSED_ON, ...OWN].filter((name) => process.env[name] !== undefined);
  const child = spawn(process.execPath, [join(import.meta.dirname, "../worker/agent/main.ts"), ...args], {
    stdio: "inherit",
    env: Object.fromEntries(names.map((name) => [name, process.env[name]])) as NodeJS.ProcessEnv,
  });
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  process.on("SIGTERM", pass);
  process.on("SIGINT", pass);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
