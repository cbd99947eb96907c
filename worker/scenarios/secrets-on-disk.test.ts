// A credential goes its whole way: entered, sealed, stored, leased to a prober, presented to servers that echo it. Then the
// prober and its keeper are killed in the middle. Stores of its own, so that every file of theirs can be read through.
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { createWriteStream, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { execute } from "#lib/commands/command";
import { setCredential } from "#lib/commands/server/credential";
import { createSink } from "#lib/commands/sink/create";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeRegion, makeServer, makeTenant } from "#lib/testing/make";
import { actorFor } from "#lib/testing/people";
import { rawServer, type TestServer } from "#lib/testing/servers";
import { testSettings } from "#lib/testing/settings";
import { dataFolder } from "../../start/places.ts";
import { type Postgres, startPostgres } from "../../start/postgres.ts";
import { type RunningRedis, startRedis } from "../../start/redis.ts";
import { scheduler } from "../probe/schedule.ts";

const MAIN = join(import.meta.dirname, "../probe/main.ts");
const PREFIX = "canary";
const CANARY = `canary${randomBytes(12).toString("hex")}`;
const HOOK_CANARY = randomBytes(24).toString("base64");
const dir = mkdtempSync(join(tmpdir(), "tocsin-disk-"));
const servers: TestServer[] = [];
let postgres: Postgres;
let stored: RunningRedis;
let redis: Redis;
let db: TestDatabase;
let putAway = () => {};
let keeper: ChildProcess | undefined;
const runner = process.env["TOCSIN_TEST_DATABASE_URL"];

beforeAll(async () => {
  for (const name of ["tmp", "work", "logs"]) mkdirSync(join(dir, name));
  [postgres, stored] = await Promise.all([
    startPostgres({ dataDir: join(dir, "postgres"), fsync: false }),
    startRedis({ dataDir: join(dir, "redis"), toolsDir: join(dataFolder(), "tools"), appendOnly: true }),
  ]);
  process.env["TOCSIN_TEST_DATABASE_URL"] = postgres.ownerUrl;
  db = await testDatabase();
  redis = new Redis(stored.url, { maxRetriesPerRequest: null });
  putAway = testSettings(db);
});
afterAll(async () => {
  keeper?.kill("SIGKILL");
  putAway();
  redis?.disconnect();
  await Promise.all(servers.map((s) => s.close()));
  await db?.close();
  await Promise.all([postgres?.stop("immediate"), stored?.stop()]);
  process.env["TOCSIN_TEST_DATABASE_URL"] = runner;
  rmSync(postgres.folder, { recursive: true, force: true });
  rmSync(dir, { recursive: true, force: true });
});

async function until<T>(what: string, ask: () => Promise<T | false | null> | T | false | null): Promise<T> {
  const end = performance.now() + 30_000;
  while (performance.now() < end) {
    const answer = await ask();
    if (answer) return answer;
    await new Promise((again) => setTimeout(again, 50));
  }
  throw new Error(`not in time: ${what}`);
}

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** As it is, in hex, as UTF-16, and as base64 at each of the three places where it may begin. */
function spellings(text: string): Buffer[] {
  const base64 = [0, 1, 2].map((n) => {
    const whole = Buffer.concat([Buffer.alloc(n), Buffer.from(text)]).toString("base64");
    // What surrounds it colours the first and the last letters.
    return Buffer.from(whole.slice(n === 0 ? 0 : 4, -4));
  });
  return [Buffer.from(text), Buffer.from(Buffer.from(text).toString("hex")), Buffer.from(text, "utf16le"), ...base64];
}

function filesWith(wanted: Buffer[], folders: string[]): string[] {
  return folders.flatMap(files).filter((file) => {
    try {
      const bytes = readFileSync(file);
      return wanted.some((w) => bytes.includes(w));
    } catch {
      return false; // Gone meanwhile.
    }
  });
}

/** Prober processes of this keeper. */
function probersOf(pid: number): number[] {
  return readdirSync("/proc")
    .filter((p) => /^\d+$/.test(p))
    .map(Number)
    .filter((p) => {
      try {
        return new RegExp(`^PPid:\\s+${pid}$`, "m").test(readFileSync(`/proc/${p}/status`, "utf8"));
      } catch {
        return false;
      }
    });
}

test("killed in the middle of a probe, nothing of a credential is left in any file, dump or log", async () => {
  const { id: tenantId } = await makeTenant(db);
  const who = actorFor(randomUUID(), tenantId, ["operator"], new Date());
  await makeRegion(db, "fra");
  await db.sql(
    "INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at) VALUES ($1, $2, '127.0.0.1/32', 'servers of this test', now())",
    [tenantId, randomUUID()],
  );
  const heard = { echo: 0, hung: 0 };
  const heardIn = (request: string) => request.includes(CANARY);
  const echo = await rawServer((socket, request) => {
    if (heardIn(request)) heard.echo++;
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, error: { code: -32001, message: `no: ${CANARY}` } });
    socket.end(
      `HTTP/1.1 401 ${CANARY}\r\nWWW-Authenticate: Bearer error="${CANARY}"\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  });
  const hung = await rawServer((_socket, request) => {
    if (heardIn(request)) heard.hung++;
  });
  servers.push(echo, hung);
  const [echoing, hanging] = [
    await makeServer(db, tenantId, { url: echo.url }),
    await makeServer(db, tenantId, { url: hung.url }),
  ];
  for (const serverId of [echoing, hanging])
    await execute(db.appDb, setCredential, who, { serverId, kind: "bearer", secret: CANARY });
  await execute(db.appDb, createSink, who, {
    kind: "webhook",
    name: "Tickets",
    config: { url: "https://hooks.example.com/tocsin", secret: `whsec_${HOOK_CANARY}` },
  });

  const log = createWriteStream(join(dir, "logs", "keeper.log"));
  keeper = spawn(process.execPath, [MAIN, "--region", "fra"], {
    cwd: join(dir, "work"),
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      REDIS_URL: stored.url,
      TOCSIN_REDIS_PREFIX: PREFIX,
      TMPDIR: join(dir, "tmp"),
      LOG_LEVEL: "trace",
    },
  });
  keeper.stdout?.pipe(log);
  keeper.stderr?.pipe(log);
  const queueRedis = new Redis(stored.url, { maxRetriesPerRequest: null });
  const s = scheduler({ sweeper: db.sweeper, redis, queueRedis, prefix: PREFIX });
  // Both in one batch, or each in its own: looked for until both servers have heard it and the first is recorded.
  await until("both servers hear the credential", async () => {
    await s.tick(new Date());
    return heard.echo > 0 && heard.hung > 0 && (await redis.exists(`${PREFIX}:probed:fra:${echoing}`)) === 1;
  });
  const probers = probersOf(keeper.pid ?? 0);
  expect(probers.length).toBeGreaterThan(0);
  for (const pid of probers) {
    expect(readFileSync(`/proc/${pid}/limits`, "utf8")).toMatch(/Max core file size\s+0\s/);
    for (const file of ["environ", "cmdline"])
      expect(readFileSync(`/proc/${pid}/${file}`, "utf8")).not.toContain(CANARY);
  }
  for (const pid of probers) process.kill(pid, "SIGKILL");
  const ended = new Promise((resolve) => keeper?.once("exit", resolve));
  keeper.kill("SIGKILL");
  await ended;
  await s.close();
  queueRedis.disconnect();
  log.end();

  await db.sql("CHECKPOINT");
  await redis.save();
  const places = [dir, ...(postgres.folder.startsWith(dir) ? [] : [postgres.folder])];
  // The search finds what is there: a server's address in the database's files, its id in Redis's, the keeper's own log.
  const there = (what: string) => filesWith([Buffer.from(what)], places);
  expect(there(hung.url).length).toBeGreaterThan(0);
  expect(there(echoing).some((file) => file.includes("redis"))).toBe(true);
  expect(statSync(join(dir, "logs", "keeper.log")).size).toBeGreaterThan(100);
  const [row] = await db.sql<{ sealed: Buffer }>("SELECT sealed FROM server_credential LIMIT 1");
  expect(filesWith([row?.sealed ?? Buffer.from("?")], places).length).toBeGreaterThan(0);

  expect(filesWith(spellings(CANARY), places)).toEqual([]);
  expect(filesWith(spellings(HOOK_CANARY), places)).toEqual([]);
}, 90_000);
