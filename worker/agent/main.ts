// The process of a region somewhere else: node worker/agent/main.ts --url https://… --token …. It dials its home and
// nobody else but the servers that it is told of; it listens on nothing and writes nothing to disk.
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { parseArgs } from "node:util";
import { agentEnv } from "#lib/adapters/env";
import { createLog } from "#lib/adapters/log";
import { openHome } from "#lib/adapters/send-home";
import { TocsinError } from "#lib/domain/error";
import { tokenPrefix } from "#lib/domain/region";
import { egress } from "../probe/egress.ts";
import { ProberPool } from "../probe/supervisor.ts";
import { Agent, type Ending } from "./agent.ts";

const PROBERS = 8;
const DRAIN_MS = 8_000;
/** For whoever runs it: 3 and 4 are not mended by starting it again. */
const EXIT: Record<Ending["why"], number> = { told: 0, version: 3, token: 4 };

interface Given {
  url: URL;
  token: string;
  ca: string | undefined;
}

/** @throws TocsinError E_CONFIG in one sentence */
export function given(args: string[], env: ReturnType<typeof agentEnv>): Given {
  const { values } = parseArgs({
    args,
    options: {
      url: { type: "string" },
      token: { type: "string" },
      "token-file": { type: "string" },
      ca: { type: "string" },
      "allow-http": { type: "boolean" },
    },
  });
  const url = URL.parse(values.url ?? env.TOCSIN_AGENT_URL ?? "");
  if (url === null || !/^https?:$/.test(url.protocol))
    throw refused("Say where agents are served: --url https://agents.example.com (or TOCSIN_AGENT_URL).");
  const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol === "http:" && !loopback && !values["allow-http"])
    throw refused("The token would travel in clear: use https://, or say --allow-http where the line is safe already.");
  const file = values["token-file"];
  const token = (
    file === undefined ? (values.token ?? env.TOCSIN_AGENT_TOKEN ?? "") : readFileSync(file, "utf8")
  ).trim();
  if (tokenPrefix(token) === null)
    throw refused(
      "Give the region's token: --token-file FILE, --token …, or TOCSIN_AGENT_TOKEN. The console makes it.",
    );
  const ca = values.ca ?? env.TOCSIN_CA_FILE;
  return { url, token, ca: ca === undefined ? undefined : readFileSync(ca, "utf8") };
}

const refused = (message: string) => new TocsinError("E_CONFIG", message);

async function main(): Promise<number> {
  const settings = agentEnv();
  const { url, token, ca } = given(process.argv.slice(2), settings);
  const log = createLog("agent", settings.LOG_LEVEL);
  const home = openHome(url, token, ca);
  const pool = new ProberPool({ size: PROBERS, onExit: (exit) => log.debug({ exit }, "a prober process ended") });
  const agent = new Agent({
    ...{ home, pool, ca, host: hostname(), batches: 2 * PROBERS },
    egress: egress(settings.TOCSIN_EGRESS_TARGETS, { ca }),
    say: (message, more = {}) => log.info(more, message),
  });
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
  log.info({ home: url.host }, "calling home");
  const ending = await agent.run(stop.signal);
  await Promise.race([agent.close(), new Promise((done) => setTimeout(done, DRAIN_MS).unref())]);
  await Promise.allSettled([pool.close(), home.close()]);
  if (ending.why !== "told") process.stderr.write(`${ending.message}\n`);
  return EXIT[ending.why];
}

if (import.meta.main)
  main().then(
    (code) => process.exit(code),
    (err) => {
      process.stderr.write(`${err instanceof TocsinError ? err.message : String(err?.message ?? err)}\n`);
      process.exit(1);
    },
  );
