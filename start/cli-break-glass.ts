// The words of `break-glass`: emergency accounts, made before the emergency and outside the identity provider.
import { userInfo } from "node:os";
import { parseArgs } from "node:util";
import { now } from "#lib/adapters/clock";
import { closeBreakGlass } from "#lib/commands/break-glass/close";
import { makeBreakGlass } from "#lib/commands/break-glass/make";
import { type Actor, execute } from "#lib/commands/command";
import { emergencyAccounts } from "#lib/queries/roles";
import { type Ledger, ledgerUrls, SHELL_ACTOR, withLedger } from "./ledger.ts";
import { Problem } from "./problem.ts";
import { PLATFORM } from "./role-table.ts";

export const BREAK_GLASS_USAGE = `  npm run tocsin -- break-glass list
  npm run tocsin -- break-glass create <name> --reason "why"   an emergency account; prints its secret once
  npm run tocsin -- break-glass close <name> --reason "why"`;

/** @returns the lines to print; null when the words make no sense @throws Problem, TocsinError */
export async function breakGlassCommand(args: string[]): Promise<string[] | null> {
  const { values, positionals } = parseArgs({ args, options: { reason: { type: "string" } }, allowPositionals: true });
  const [verb, name, ...rest] = positionals;
  const on = <T>(work: (ledger: Ledger) => Promise<T>) => withLedger(ledgerUrls(), work);
  if (verb === "list" && name === undefined) return on(list);
  if (name === undefined || rest.length > 0) return null;
  const reason = values.reason ?? "";
  if (verb === "create") return on((ledger) => create(ledger, name, reason));
  if (verb === "close") return on((ledger) => close(ledger, name, reason));
  return null;
}

/** Whoever holds the installation's own settings: as a root operator who has just signed in. */
const shell = (): Actor => ({
  personId: SHELL_ACTOR,
  name: "the command line",
  tenantId: PLATFORM,
  layers: ["root"],
  authTime: now(),
  from: `command line, ${userInfo().username.slice(0, 80)}`,
});

export async function list(ledger: Ledger): Promise<string[]> {
  const rows = await ledger.app.global((tx) => emergencyAccounts(tx, now()));
  if (rows.length === 0) return ["There is no emergency account."];
  return rows.map((row) => {
    const used =
      row.lastUsedAt === null ? "never used" : `last used ${new Date(row.lastUsedAt).toISOString().slice(0, 10)}`;
    return `${row.name.padEnd(39)}  ${used}${row.exercise === "overdue" ? "  NOT EXERCISED FOR 90 DAYS" : ""}`;
  });
}

export async function create(ledger: Ledger, name: string, reason: string): Promise<string[]> {
  const made = await execute(ledger.app, makeBreakGlass, shell(), { name }, reason);
  return [
    `The emergency account ${made.name} is there. Its secret is shown this once: write it on paper and lock it away.`,
    "",
    `    ${made.secret}`,
    "",
    "It is used at /break-glass of the console; each use pages whoever this installation's own alerts page.",
  ];
}

export async function close(ledger: Ledger, name: string, reason: string): Promise<string[]> {
  const rows = await ledger.app.global((tx) => emergencyAccounts(tx, now()));
  const account = rows.find((row) => row.name === name);
  if (account === undefined)
    throw new Problem("There is no open emergency account of this name: see `npm run tocsin -- break-glass list`.");
  await execute(ledger.app, closeBreakGlass, shell(), { accountId: account.id }, reason);
  return [`The emergency account ${name} is closed, and whoever was in by it is out.`];
}
