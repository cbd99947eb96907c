// How each part is started: its program, its settings, and when it counts as ready.
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { type Child, type ChildSpec, startChild } from "./child.ts";
import { FLEET, type FleetMember } from "./fleet.ts";
import { type InboxReady, inboxReady } from "./inbox-bases.ts";
import type { Part } from "./keeper.ts";
import { CHECKOUT } from "./places.ts";
import { startPostgres } from "./postgres.ts";
import { startRedis } from "./redis.ts";
import type { Secrets } from "./secrets.ts";
import type { Settings } from "./settings.ts";
import { answersHttp, orEnds } from "./wait.ts";

/** Order of stopping: who works first, then who is worked with, the stores last. */
const STAGE = { work: 1, around: 2, stores: 3 } as const;

export interface PartsContext {
  dataDir: string;
  say: (line: string) => void;
}

function spec(context: PartsContext, name: string, args: string[], env: Settings, graceMs: number): ChildSpec {
  return { name, command: process.execPath, args, env, cwd: CHECKOUT, logFile: logFile(context, name), graceMs };
}

const logFile = (context: PartsContext, name: string): string => join(context.dataDir, "logs", `${name}.log`);

export function postgresPart(context: PartsContext, ready: (ownerUrl: string) => void): Part {
  return {
    name: "postgres",
    stage: STAGE.stores,
    async start() {
      const running = await startPostgres({ dataDir: join(context.dataDir, "postgres") });
      ready(running.ownerUrl);
      return running;
    },
  };
}

export function redisPart(context: PartsContext, ready: (url: string) => void): Part {
  return {
    name: "redis",
    stage: STAGE.stores,
    async start() {
      const running = await startRedis({
        dataDir: join(context.dataDir, "redis"),
        toolsDir: join(context.dataDir, "tools"),
        appendOnly: true,
        say: context.say,
      });
      ready(running.url);
      return running;
    },
  };
}

export function identityProviderPart(context: PartsContext, port: number, consoleUrl: string, secrets: Secrets): Part {
  const args = [
    "start/identity-provider.ts",
    "--port",
    String(port),
    "--data",
    join(context.dataDir, "secrets"),
    "--console",
    consoleUrl,
  ];
  const env = {
    PATH: process.env.PATH,
    NODE_ENV: "production",
    OIDC_CLIENT_ID: "tocsin",
    OIDC_CLIENT_SECRET: secrets.oidcClientSecret,
  };
  return childPart(context, "identity-provider", STAGE.around, args, env, 1_500, (child) =>
    answersHttp(child, `http://127.0.0.1:${port}/.well-known/openid-configuration`),
  );
}

export function inboxPart(context: PartsContext, port: number, ready: (inbox: InboxReady) => void): Part {
  const name = "inbox";
  return {
    name,
    stage: STAGE.around,
    logFile: logFile(context, name),
    async start() {
      const first = Promise.withResolvers<InboxReady>();
      const args = ["start/inbox.ts", "--data", join(context.dataDir, "inbox"), "--port", String(port)];
      const onLine = (line: string): void => {
        const parsed = inboxReady.safeParse(jsonOrNothing(line));
        if (parsed.success)
          first.resolve(parsed.data); // It holds a secret, so it is not for the log.
        else appendFileSync(logFile(context, name), `${line}\n`);
      };
      const child = await startChild({ ...spec(context, name, args, { PATH: process.env.PATH }, 1_500), onLine });
      ready(await readyOrStop(child, () => orEnds(child, first.promise)));
      return child;
    },
  };
}

export function fleetParts(context: PartsContext, portOf: ReadonlyMap<string, number>, secrets: Secrets): Part[] {
  return FLEET.flatMap((member) =>
    member.run === null ? [] : [fleetPart(context, member, portOf.get(member.slug) ?? 0, secrets)],
  );
}

function fleetPart(context: PartsContext, member: FleetMember, port: number, secrets: Secrets): Part {
  const { args, env } = member.run?.({ port, folder: join(context.dataDir, "fleet"), apiKey: secrets.fleetApiKey }) ?? {
    args: [],
    env: {},
  };
  // Any HTTP answer will do: what the server says is for the probers to judge.
  return childPart(
    context,
    `fleet-${member.slug}`,
    STAGE.around,
    args,
    { PATH: process.env.PATH, ...env },
    1_500,
    (child) => answersHttp(child, `http://127.0.0.1:${port}/`, 60_000, 1_000),
  );
}

export function consolePart(context: PartsContext, port: number, host: string, env: Settings): Part {
  const args = ["start/console.ts", "--host", host, "--port", String(port)];
  return childPart(
    context,
    "console",
    STAGE.work,
    args,
    { ...env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" },
    4_000,
    (child) => answersHttp(child, `http://${host}:${port}/live`),
  );
}

/** Worker, guard or prober: a program under worker/ that answers /live on a port of its own. Reads env at each start. */
export function workerPart(
  context: PartsContext,
  name: string,
  args: string[],
  healthPort: number,
  env: Settings,
): Part {
  return childPart(
    context,
    name,
    STAGE.work,
    args,
    () => ({ ...env, NODE_ENV: "production", TOCSIN_HEALTH_PORT: String(healthPort) }),
    4_000,
    (child) => answersHttp(child, `http://127.0.0.1:${healthPort}/live`),
  );
}

function jsonOrNothing(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function childPart(
  context: PartsContext,
  name: string,
  stage: number,
  args: string[],
  env: Settings | (() => Settings),
  graceMs: number,
  ready: (child: Child) => Promise<void>,
): Part {
  return {
    name,
    stage,
    logFile: logFile(context, name),
    async start() {
      const child = await startChild(spec(context, name, args, typeof env === "function" ? env() : env, graceMs));
      await readyOrStop(child, () => ready(child));
      return child;
    },
  };
}

async function readyOrStop<T>(child: Child, ready: () => Promise<T>): Promise<T> {
  try {
    return await ready();
  } catch (error) {
    await child.stop("SIGKILL");
    throw error;
  }
}
