// `npm run tocsin -- …`: tenants and the private ranges they may reach; and, of a running development start, its parts.
import "./assert-node.ts";
import { existsSync, readFileSync } from "node:fs";
import { CHECK_USAGE, checkCommand } from "./cli-check.ts";
import { AGENT_USAGE, agentCommand } from "./cli-agent.ts";
import { BREAK_GLASS_USAGE, breakGlassCommand } from "./cli-break-glass.ts";
import { KEYS_USAGE, keysCommand } from "./cli-keys.ts";
import { PERMISSIONS_USAGE, permissionsCommand } from "./cli-permissions.ts";
import { TENANT_USAGE, tenantCommand } from "./cli-tenants.ts";
import { AUDIT_USAGE, auditCommand } from "./audit.ts";
import { controlFile } from "./control.ts";
import { FLEET } from "./fleet.ts";
import type { PartState } from "./keeper.ts";
import { dataFolder } from "./places.ts";
import { messageOf, Problem } from "./problem.ts";

const USAGE = `Usage:
${CHECK_USAGE}
${TENANT_USAGE}
${AUDIT_USAGE}
${PERMISSIONS_USAGE}
${BREAK_GLASS_USAGE}
${AGENT_USAGE}
${KEYS_USAGE}

In development, while it runs:
  npm run tocsin -- ps                              the parts and how they are
  npm run tocsin -- stop|start|restart <part>       for example: worker, guard, prober-fra, redis
  npm run tocsin -- fleet stop|start|restart <server>   one of: ${FLEET.filter((m) => m.run !== null)
    .map((m) => m.slug)
    .join(", ")}`;

const VERBS = new Set(["stop", "start", "restart"]);

async function ask(method: "GET" | "POST", path: string): Promise<PartState[]> {
  const file = controlFile(dataFolder());
  if (!existsSync(file))
    throw new Problem(
      "Tocsin has not been started here: run `npm start` first, or name its data folder in TOCSIN_DATA.",
    );
  const { url, token } = JSON.parse(readFileSync(file, "utf8")) as { url: string; token: string };
  const response = await fetch(`${url}/${path}`, { method, headers: { authorization: `Bearer ${token}` } }).catch(
    () => null,
  );
  if (response === null) throw new Problem("Tocsin is not running: start it with `npm start`.");
  const body = (await response.json()) as { parts?: PartState[]; error?: string };
  if (!response.ok) throw new Problem(body.error ?? `The start answered ${response.status}.`);
  return body.parts ?? [];
}

function show(parts: PartState[]): void {
  const width = Math.max(...parts.map((p) => p.name.length));
  for (const p of parts)
    console.log(
      `${p.name.padEnd(width)}  ${p.state.padEnd(8)}  ${p.pid === null ? "" : `process ${p.pid}`}${p.restarts > 0 ? `  restarted ${p.restarts}×` : ""}`.trimEnd(),
    );
}

async function main(args: string[]): Promise<number> {
  const [first, second, third] = args;
  if (first === "check") return checkCommand(args.slice(1), process.env);
  if (first === "agent") return agentCommand(args.slice(1));
  if (first === "ps") {
    show(await ask("GET", "parts"));
    return 0;
  }
  if (first === "tenant" || first === "allow") {
    const lines = await tenantCommand(args);
    console[lines === null ? "error" : "log"]((lines ?? [USAGE]).join("\n"));
    return lines === null ? 2 : 0;
  }
  if (first === "permissions" || first === "break-glass") {
    const lines = await (first === "permissions" ? permissionsCommand : breakGlassCommand)(args.slice(1));
    console[lines === null ? "error" : "log"]((lines ?? [USAGE]).join("\n"));
    return lines === null ? 2 : 0;
  }
  if (first === "keys") {
    const lines = await keysCommand(args.slice(1));
    console[lines === null ? "error" : "log"]((lines ?? [USAGE]).join("\n"));
    return lines === null ? 2 : 0;
  }
  if (first === "audit") {
    const code = await auditCommand(args.slice(1));
    if (code === 2) console.error(USAGE);
    return code;
  }
  const [verb, name] = first === "fleet" ? [second, third && `fleet-${third}`] : [first, second];
  if (!verb || !name || !VERBS.has(verb)) {
    console.error(USAGE);
    return 2;
  }
  show((await ask("POST", `${verb}/${encodeURIComponent(name)}`)).filter((p) => p.name === name));
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}
