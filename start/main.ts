// `npm start`: from an installed checkout to a console where a person can sign in, step by step; the order is in up().
import "./assert-node.ts";
import { join } from "node:path";
import { roleUrl } from "#lib/adapters/roles";
import { buildConsole, generateClient } from "./build.ts";
import { closingWords } from "./closing-words.ts";
import { type Control, serveControl } from "./control.ts";
import { FLEET, fleetServers } from "./fleet.ts";
import { type InboxReady, inboxSettings } from "./inbox-bases.ts";
import { keeper, type Part } from "./keeper.ts";
import { withLedger } from "./ledger.ts";
import { type Hold, holdFolder } from "./one-start.ts";
import { whenNpmIsGone } from "./parent.ts";
import {
  consolePart,
  fleetParts,
  identityProviderPart,
  inboxPart,
  postgresPart,
  redisPart,
  workerPart,
} from "./parts.ts";
import { dataFolder, makeWritable } from "./places.ts";
import { becomesFree, rememberedPorts } from "./ports.ts";
import { messageOf, Problem } from "./problem.ts";
import { progress } from "./progress.ts";
import { rememberedSecrets } from "./secrets.ts";
import { announceReady, withdrawReady } from "./ready.ts";
import { seedDevelopment } from "./seed-development.ts";
import { developmentDefaults, type Plan, plan, present, type Settings } from "./settings.ts";
import { migrated, reachableRedis } from "./stores.ts";
import { changedWords, type Pinned, pinnedTable } from "./role-table.ts";

const out = progress();
const parts = keeper((line) => !stopping && out.say(`  · ${line}`));
let stopping = false;
let control: Control | undefined;
let hold: Hold | undefined;

async function up(): Promise<void> {
  const since = performance.now();
  const given = present(process.env);
  const production = given.TOCSIN_MODE === "production";
  if (production) plan(given, null); // A bad setting ends the start before anything is written or listens.
  const dataDir = makeWritable(dataFolder(given as NodeJS.ProcessEnv));
  hold = holdFolder(dataDir);
  const secrets = production ? null : rememberedSecrets(dataDir);
  const the = plan(given, secrets);
  const host = given.TOCSIN_HOST ?? "127.0.0.1";
  if (!(await becomesFree(the.port, host, hold.afterCrash ? 8_000 : 0)))
    throw new Problem(
      `Port ${the.port} is in use: end what holds it, or start on another one, for example PORT=${the.port + 1} npm start.`,
    );
  const ports = rememberedPorts(dataDir);
  const context = { dataDir, say: out.say };
  const logs = join(dataDir, "logs");
  const settings: Settings = {
    ...(secrets === null ? {} : developmentDefaults(given, the.port, secrets)),
    ...given,
    NEXTAUTH_URL: the.url,
  };
  const tell = (name: string) => (value: string) => {
    settings[name] = value;
  };
  let inbox: InboxReady | undefined;

  if (the.own.postgres) await out.step("PostgreSQL", () => parts.add(postgresPart(context, tell("DATABASE_URL"))));
  if (the.own.redis) await out.step("Redis", () => parts.add(redisPart(context, tell("REDIS_URL"))));
  else await out.step("Redis answers", () => reachableRedis(settings.REDIS_URL ?? ""));
  await out.step("Database schema", async (note) => {
    const applied = await migrated(settings.DATABASE_URL ?? "", settings.TOCSIN_SECRET ?? "");
    note(applied.length === 0 ? "up to date" : `${applied.length} applied`);
  });
  await out.step("Database client", async (note) => note(await generateClient(join(logs, "generate.log"))));
  await out.step("Console, built", async (note) => note(await buildConsole(settings, join(logs, "build.log"))));
  if (secrets !== null) {
    if (the.own.identityProvider) {
      const port = await ports.of("identity-provider");
      settings.OIDC_ISSUER = `http://127.0.0.1:${port}`;
      await out.step("Identity provider", () => parts.add(identityProviderPart(context, port, the.url, secrets)));
    }
    const inboxPort = await ports.of("inbox");
    await out.step("Sink inbox", () =>
      parts.add(
        inboxPart(context, inboxPort, (ready) => {
          const again = inbox !== undefined;
          inbox = ready;
          Object.assign(settings, inboxSettings(ready), given);
          if (again) void restart("worker", "guard"); // Its ports and its authority are new ones.
        }),
      ),
    );
    const portOf = new Map<string, number>();
    for (const { slug } of FLEET) portOf.set(slug, await ports.of(`fleet-${slug}`));
    await out.step(`Live fleet of ${FLEET.length} servers`, () =>
      Promise.all(fleetParts(context, portOf, secrets).map(parts.add)),
    );
    await out.step("Development tenant", () =>
      seedDevelopment(settings, the.regions, fleetServers(portOf, secrets.fleetApiKey), {
        url: inbox?.webhookUrl ?? "",
        secret: inbox?.webhookSecret ?? "",
      }),
    );
    control = await serveControl(parts, await ports.of("control"), secrets.controlToken, dataDir);
  }
  const pinned = await out.step("Role table", async (note) => {
    const now = await lookAtPin(settings);
    note(PIN_WORDS[now.state]);
    return now;
  });
  const work = workParts(the, settings, context, (name) => ports.of(name));
  const bringConsole = () => parts.add(consolePart(context, the.port, host, settings));
  if (pinned.state === "changed") {
    await out.step("Worker, guard and probers", async (note) => {
      note(the.regions.join(", "));
      await Promise.all((await work).map(parts.add));
    });
    out.say(["", ...changedWords(pinned), ""].join("\n"));
    await acknowledged(settings);
    await out.step("Console", bringConsole);
  } else
    await out.step("Console, worker, guard and probers", async (note) => {
      note(the.regions.join(", "));
      await Promise.all([bringConsole(), ...(await work).map(parts.add)]);
    });
  announceReady(dataDir, { pid: process.pid, url: the.url, issuer: settings.OIDC_ISSUER ?? "", inbox: inbox ?? null });
  out.say(
    closingWords({
      url: the.url,
      inboxPage: inbox?.page ?? null,
      people: the.own.identityProvider,
      seconds: (performance.now() - since) / 1000,
      logs,
    }),
  );
}

const PIN_WORDS: Record<Pinned["state"], string> = {
  same: "as acknowledged",
  pinned: "pinned",
  changed: "changed: the console waits",
};

async function lookAtPin(settings: Settings): Promise<Pinned> {
  const owner = settings.DATABASE_URL ?? "";
  const urls = { owner, app: settings.DATABASE_URL_APP ?? roleUrl(owner, settings.TOCSIN_SECRET ?? "", "tocsin_app") };
  return withLedger(urls, (ledger) => pinnedTable(ledger));
}

/** Until a root operator has said so at the command line; the database may go and come meanwhile. */
async function acknowledged(settings: Settings): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const now = await lookAtPin(settings).catch(() => null);
    if (now !== null && now.state !== "changed") return;
  }
}

async function workParts(
  the: Plan,
  settings: Settings,
  context: Parameters<typeof consolePart>[0],
  portOf: (name: string) => Promise<number>,
): Promise<Part[]> {
  const programs: [name: string, args: string[]][] = [
    ["worker", ["worker/main.ts"]],
    // It watches the worker and delivers what it finds, so it must be another process.
    ["guard", ["worker/main.ts", "--duties", "watch,deliver,escalate,fallback,selfcheck"]],
    ...the.regions.map((region): [string, string[]] => [
      `prober-${region}`,
      ["worker/probe/main.ts", "--region", region],
    ]),
    // Only where remote regions are wanted: it is one process more.
    ...(settings.TOCSIN_AGENT_PORT ? [["agents", ["worker/agents/main.ts"]] as [string, string[]]] : []),
  ];
  const work: Part[] = [];
  for (const [name, args] of programs)
    work.push(workerPart(context, name, args, await portOf(`health-${name}`), settings));
  return work;
}

async function restart(...names: string[]): Promise<void> {
  for (const name of names) {
    await parts.stop(name);
    await parts
      .start(name)
      .catch((error: unknown) =>
        out.say(`  · ${name} did not start again (${messageOf(error)}): npm run tocsin -- start ${name}`),
      );
  }
}

/** npm hands a Ctrl-C on that the terminal has given already: the second one of a pair must not cut the first short. */
async function down(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  const since = performance.now();
  control?.close();
  withdrawReady();
  await parts.stopAll();
  hold?.giveBack();
  if (parts.states().length > 0) out.say(`  Stopped in ${((performance.now() - since) / 1000).toFixed(1)} s.`);
  process.exit(code);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void down(0));
whenNpmIsGone(() => void down(0));

try {
  await up();
} catch (error) {
  if (!stopping) {
    const detail =
      error instanceof Problem
        ? error.detail
        : error instanceof Error && !("code" in error && error.code === "E_CONFIG")
          ? error.stack
          : undefined;
    console.error(`\n${messageOf(error)}${detail === undefined ? "" : `\n\n${detail}`}`);
    await down(1);
  }
}
