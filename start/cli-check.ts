// `tocsin check <url>`: one look at one server by the engine that the probers run, without database, Redis or key file.
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { parseArgs } from "node:util";
import type { Asked, Looked } from "#lib/checks/look";
import { canarySettings } from "#lib/domain/extra-check/canary";
import type { ExtraCheck } from "#lib/domain/extra-check/index";
import { asJson, asText, lookOf } from "./check-words.ts";
import { messageOf, Problem } from "./problem.ts";

export const CHECK_USAGE = `  npm run -s tocsin -- check <url> [--json] [--header 'Name: value']… [--timeout seconds] [--allow-private] [--ca file]
                       [--call tool] [--arguments JSON]
                                                    a look at one server: 0 up, 1 degraded, 2 down, 3 unknown, 64 usage`;

const EXIT = { up: 0, degraded: 1, down: 2, unknown: 3 } as const;
const EXIT_USAGE = 64;
const EXIT_UNKNOWN = 3;
const MAX_S = 45;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;

interface Typed {
  asked: Asked;
  json: boolean;
}

/** Prints the look. @returns the exit code */
export async function checkCommand(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  let typed: Typed;
  try {
    typed = await parse(args, env);
  } catch (error) {
    console.error(`${messageOf(error)}\n\nUsage:\n${CHECK_USAGE}`);
    return EXIT_USAGE;
  }
  try {
    const { transcript, judgement } = await look(typed.asked);
    const seen = lookOf(transcript, judgement);
    console.log(typed.json ? asJson(seen) : asText(seen));
    return EXIT[seen.judgement.status];
  } catch (error) {
    console.error(messageOf(error));
    return EXIT_UNKNOWN;
  }
}

/** The engine is the worker's, so it runs in a process of the worker's. */
function look(asked: Asked): Promise<Looked> {
  const child = fork(join(import.meta.dirname, "../worker/check/main.ts"), {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  return new Promise((done, failed) => {
    child.once("message", (looked) => done(looked as Looked));
    child.once("error", failed);
    child.once("exit", (code) => failed(new Problem(`The look ended without an answer (${code}).`)));
    child.send(asked, (error) => error && failed(error));
  });
}

/** @throws Problem or TypeError, in words that never quote a header's value */
async function parse(args: string[], env: NodeJS.ProcessEnv): Promise<Typed> {
  const { values, positionals } = parseArgs({
    args,
    options: {
      json: { type: "boolean", default: false },
      header: { type: "string", multiple: true, default: [] },
      timeout: { type: "string", default: "30" },
      "allow-private": { type: "boolean", default: false },
      ca: { type: "string" },
      call: { type: "string" },
      arguments: { type: "string", default: "{}" },
    },
    allowPositionals: true,
  });
  const [url, ...rest] = positionals;
  if (url === undefined || rest.length > 0) throw new Problem("Name one address, such as https://mcp.example.com/mcp.");
  if (!/^https?:\/\//i.test(url) || URL.parse(url) === null)
    throw new Problem("That is no web address: it starts with https:// (or http://).");
  const seconds = Number(values.timeout);
  if (!(seconds >= 1 && seconds <= MAX_S)) throw new Problem(`--timeout is a number of seconds from 1 to ${MAX_S}.`);
  const headers: Record<string, string> = {};
  for (const given of values.header) {
    const [name, value] = await headerOf(given, env);
    headers[name] = value;
  }
  const ca = values.ca === undefined ? undefined : pemOf(values.ca);
  const call = values.call === undefined ? undefined : callOf(values.call, values.arguments);
  const allowPrivate = values["allow-private"];
  return { asked: { url, headers, boundMs: seconds * 1_000, allowPrivate, ca, call }, json: values.json };
}

/** "Name: value", "Name: env:VARIABLE" or "Name: -" for standard input, so that no secret has to stand in a process list. */
async function headerOf(given: string, env: NodeJS.ProcessEnv): Promise<[string, string]> {
  const at = given.indexOf(":");
  const name = given.slice(0, Math.max(0, at)).trim();
  if (!NAME.test(name))
    throw new Problem("--header is written 'Name: value', with a name of letters, digits and dashes.");
  const said = given.slice(at + 1).trim();
  const variable = /^env:(\w+)$/.exec(said)?.[1];
  const value = said === "-" ? (await readAll(process.stdin)).trim() : variable ? (env[variable] ?? "") : said;
  if (variable && value === "") throw new Problem(`The environment has no ${variable} for the header ${name}.`);
  if (!/^[\x20-\x7e]{1,4096}$/.test(value))
    throw new Problem(`The value of ${name} has to be 1 to 4,096 plain ASCII characters.`);
  return [name, value];
}

function callOf(tool: string, given: string): ExtraCheck {
  const settings = {
    tool,
    arguments: given,
    path: "",
    equals: "",
    schema: "",
    maxMs: "",
    expectError: "",
    allowEmpty: "on",
    healthTool: "",
  };
  const read = canarySettings.safeParse(settings);
  if (!read.success) throw new Problem(`--call and --arguments: ${read.error.issues[0]?.message ?? "cannot be read"}`);
  const id = "00000000-0000-4000-8000-000000000000";
  return { kind: "canary", id, name: tool, everyS: 60, callsPerDay: 1, settings: read.data };
}

function pemOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    throw new Problem(`The file of --ca cannot be read: ${path}.`);
  }
}
