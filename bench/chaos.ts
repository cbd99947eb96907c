// Over 300 lines: one run with its producer, its killers and its ledger, which share what was begun.
// Incident changes through real worker processes while those are killed, PostgreSQL crashes and Redis is killed or
// emptied. Afterwards every change that PostgreSQL committed is compared with what its receiver got.
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CrashPoint } from "#lib/adapters/crash";
import { places, secrets } from "#lib/adapters/secrets";
import { execute } from "#lib/commands/command";
import { acknowledgeIncident } from "#lib/commands/incident/acknowledge";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { type TestReceiver, testReceiver } from "#lib/testing/receiver";
import { type TestRedis, testRedis } from "#lib/testing/redis";
import { anOutcome } from "#lib/testing/sealed";
import { testSettings } from "#lib/testing/settings";
import { dataFolder } from "../start/places.ts";
import { startPostgres } from "../start/postgres.ts";
import { startRedis } from "../start/redis.ts";
import { record } from "../worker/probe/record.ts";
import { type Arrival, type Ledger, ledgerOf } from "./chaos-ledger.ts";
import type { Row } from "./parts.ts";

export interface ChaosPlan {
  /** Triggers, raises, acknowledgements and resolves together, about. */
  changes: number;
  kills: number;
  postgres: number;
  redis: number;
  /** Then the killing ends, however many there were. */
  minutes: number;
}

const ROOT = join(import.meta.dirname, "..");
const REGION = "fra";
const MINUTE_MS = 60_000;
const TICK_MS = 100;
/** A slot that was sealed and lost with Redis: the next one says the same. */
const FEED_AGAIN_MS = 2_000;
/** Most of each life is waiting for what a killed process had in hand. */
const LIVES_AT_ONCE = 500;
const MOST_TENANTS = 10;
const END_WITHIN_MS = 180_000;
const STARTS_WITHIN_MS = 20_000;
const LONGEST_LIFE_MS = 15_000;
const POINTS: readonly CrashPoint[] = [
  ...([
    "before_incident_tx",
    "inside_incident_tx",
    "after_incident_commit",
    "after_stream_ack",
    "before_claim",
  ] as const),
  ...(["after_claim", "before_request", "after_request", "inside_settle_tx", "after_settle"] as const),
];

/** One server that fails, for some grows worse, is taken in hand and works again. */
interface Life {
  tenantId: string;
  serverId: string;
  worsens: boolean;
  /** Waits with the acknowledgement until the page was accepted; others do not, and take it back. */
  patient: boolean;
  slot: number;
  fedAt: number;
  done: boolean;
}

interface Incident {
  id: string;
  server_id: string;
  state: string;
  severity: string;
  told: boolean;
}

interface World {
  plan: ChaosPlan;
  db: TestDatabase;
  redis: TestRedis;
  vendor: TestReceiver;
  arrivals: Arrival[];
  lives: Life[];
  kills: number[];
  /** 0 to 1: how much of the killing is done; the changes keep step with it. */
  progress(): number;
}

export async function benchChaos(plan: ChaosPlan): Promise<Row[]> {
  const began = performance.now();
  const ledger = await chaos(plan, (line) => console.log(line));
  const rows = Object.entries(ledger).map(([what, value]) => ({ what, value }));
  return [...rows, { what: "seconds", value: Math.round((performance.now() - began) / 1_000) }];
}

export async function chaos(plan: ChaosPlan, say: (line: string) => void): Promise<Ledger> {
  const dir = mkdtempSync(join(tmpdir(), "tocsin-chaos-"));
  const before = { ...process.env };
  let postgres = await startPostgres({ dataDir: join(dir, "postgres") });
  const redisAt = { dataDir: join(dir, "redis"), toolsDir: join(dataFolder(), "tools"), appendOnly: true };
  let redisServer = await startRedis(redisAt);
  Object.assign(process.env, { TOCSIN_TEST_DATABASE_URL: postgres.ownerUrl, TOCSIN_TEST_REDIS_URL: redisServer.url });
  const db = await testDatabase();
  const redis = testRedis();
  redis.redis.on("error", () => {});
  const forget = testSettings(db);
  // Two hundred starts are most of the work; what is compiled once need not be again.
  process.env.NODE_COMPILE_CACHE = join(dir, "compiled");
  const world = await prepare(plan, db, redis);
  await warm(world);
  const over = new AbortController();
  try {
    const crashes = { postgres: 0, redis: 0 };
    const breakStores = async () => {
      while (world.progress() < 1 || crashes.postgres < plan.postgres || crashes.redis < plan.redis) {
        if (crashes.postgres < plan.postgres && world.progress() >= (crashes.postgres + 0.5) / plan.postgres) {
          await postgres.stop("immediate");
          postgres = await startPostgres({ dataDir: join(dir, "postgres"), port: postgres.port });
          crashes.postgres++;
        } else if (crashes.redis < plan.redis && world.progress() >= (crashes.redis + 0.25) / plan.redis) {
          if (crashes.redis % 2 === 0) await redis.redis.flushall();
          else {
            await redisServer.stop("kill");
            redisServer = await startRedis(redisAt);
          }
          crashes.redis++;
        } else await sleep(50);
      }
    };
    const telling = setInterval(() => {
      const done = world.lives.filter((l) => l.done).length;
      say(
        `${world.kills.length} kills, ${crashes.postgres} + ${crashes.redis} stores, ${done} of ${world.lives.length} lives, ${world.arrivals.length} requests`,
      );
    }, 30_000);
    const producing = produce(world);
    await Promise.all([
      killAtRandom(world, over.signal),
      killAtRandom(world, over.signal),
      killAtPoints(world, over.signal),
      breakStores(),
    ]);
    say("no more kills: one worker ends what is under way");
    await settle(world, producing);
    clearInterval(telling);
    return {
      ...(await ledgerOf(db, world)),
      "worker kills": world.kills.length,
      ...{ "PostgreSQL crashes": crashes.postgres, "Redis kills and flushes": crashes.redis },
    };
  } finally {
    over.abort();
    await world.vendor.close();
    await db.close().catch(() => {});
    redis.redis.disconnect();
    await redisServer.stop("kill");
    await postgres.stop();
    forget();
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
    rmSync(postgres.folder, { recursive: true, force: true }); // As root it may lie elsewhere.
    rmSync(dir, { recursive: true, force: true });
  }
}

async function prepare(plan: ChaosPlan, db: TestDatabase, redis: TestRedis): Promise<World> {
  const vendor = await testReceiver();
  const arrivals: Arrival[] = [];
  const count = Math.max(3, Math.round(plan.changes * 0.3));
  const tenants = Math.min(MOST_TENANTS, Math.ceil(count / 3));
  const lives: Life[] = [];
  for (let t = 0; t < tenants; t++) {
    const { id: tenantId } = await makeTenant(db, { tier: "enterprise" });
    await db.sql(
      "INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at) VALUES ($1, $2, '127.0.0.1/32', 'the receiver', now())",
      [tenantId, randomUUID()],
    );
    const sinkId = randomUUID();
    const secret = JSON.stringify({ secret: `whsec_${randomBytes(32).toString("base64")}` });
    const sealed = await secrets().seal(db.workerDb, places.sink(tenantId, sinkId), secret);
    await makeSink(db, tenantId, { id: sinkId, kind: "webhook", config: { url: `${vendor.url}/${t}` }, sealed });
    vendor.on(`/${t}`, async (got) => {
      const data = got.body["data"] as { incidentId: string };
      const id = got.headers["webhook-id"] ?? "";
      arrivals.push({ id, type: String(got.body["type"]), incidentId: data.incidentId, at: performance.now() });
      got.body = {};
      // As long as a receiver takes: a process may die meanwhile.
      await sleep(Math.random() * 20);
      return { status: 200 };
    });
    const own = Math.ceil(count / tenants);
    for (let i = 0; i < own && lives.length < count; i++) {
      const n = lives.length;
      // A host of its own, and more neighbours that work than fail: no shared cause puts these incidents together.
      const serverId = await makeServer(db, tenantId, {
        fireAfter: 1,
        clearAfter: 1,
        url: `https://mcp.s${n}-${t}.com/mcp`,
      });
      const slot = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 12 * 60 * MINUTE_MS;
      lives.push({ tenantId, serverId, worsens: n % 3 === 0, patient: n % 2 === 0, slot, fedAt: 0, done: false });
    }
    await db.sql(
      `INSERT INTO server (tenant_id, id, name, url, interval_s, regions, fire_after, clear_after, weight, created_at)
       SELECT $1, gen_random_uuid(), 'Neighbour', 'https://mcp.example.com/' || n, 60, '{}', 3, 3, 'own', '2026-01-01' FROM generate_series(1, $2::int) n`,
      [tenantId, own + 20],
    );
  }
  const kills: number[] = [];
  const began = performance.now();
  const progress = () =>
    Math.min(1, Math.max(kills.length / plan.kills, (performance.now() - began) / (plan.minutes * MINUTE_MS)));
  return { plan, db, redis, vendor, arrivals, lives, kills, progress };
}

/** Feeds slots and acknowledges until each wanted change is committed; whatever is away is asked again. */
async function produce(world: World): Promise<void> {
  const { lives, db } = world;
  while (lives.some((l) => !l.done)) {
    const upTo = Math.ceil(lives.length * Math.min(1, world.progress() + 0.02));
    const active = lives
      .slice(0, upTo)
      .filter((l) => !l.done)
      .slice(0, LIVES_AT_ONCE);
    try {
      const rows = await db.sql<Incident>(
        `SELECT i.id, i.server_id, i.state, i.severity, EXISTS (SELECT 1 FROM delivery d WHERE d.tenant_id = i.tenant_id AND d.incident_id = i.id
           AND d.kind = 'trigger' AND d.state = 'sent') AS told FROM incident i WHERE i.server_id = ANY ($1::uuid[]) ORDER BY i.number`,
        [active.map((l) => l.serverId)],
      );
      const now = performance.now();
      const byServer = new Map(rows.map((r) => [r.server_id, r]));
      await Promise.all(active.map((life) => step(world, life, byServer.get(life.serverId), now).catch(() => {})));
    } catch {
      // PostgreSQL is away for a moment.
    }
    await sleep(TICK_MS);
  }
}

async function step(world: World, life: Life, incident: Incident | undefined, now: number): Promise<void> {
  const feed = async (reason: "timeout" | "connection_refused" | null) => {
    if (now - life.fedAt < FEED_AGAIN_MS) return;
    life.fedAt = now;
    life.slot += MINUTE_MS;
    const { tenantId, serverId, slot } = life;
    const plan = { tenantId, serverId, slot, intervalS: 60, expected: [REGION] };
    const saw = reason === null ? "up" : { reason };
    const outcome = anOutcome({ tenantId, serverId, slot, region: REGION }, saw);
    const said = record(world.redis.redis, world.redis.prefix, plan, outcome, null, new Date(slot + 5_000));
    await Promise.race([said, sleep(FEED_AGAIN_MS)]);
  };
  if (incident === undefined) return feed(life.worsens ? "timeout" : "connection_refused");
  if (incident.state === "resolved") {
    life.done = true;
    return;
  }
  if (incident.state === "acknowledged") return feed(null);
  if (life.worsens && incident.severity !== "P1") return feed("connection_refused");
  if (life.patient && !incident.told) return;
  const actor = { personId: randomUUID(), name: "Omar", tenantId: life.tenantId, layers: ["operator"] as const };
  await execute(world.db.appDb, acknowledgeIncident, actor, { incidentId: incident.id });
  life.fedAt = 0;
}

function worker(world: World, crashAt?: CrashPoint): ChildProcess {
  return spawn(process.execPath, ["worker/main.ts", "--duties", "decide,deliver,seal,escalate"], {
    cwd: ROOT,
    env: {
      ...process.env,
      NODE_ENV: "test",
      DATABASE_URL_WORKER: world.db.workerUrl,
      DATABASE_URL_SWEEPER: world.db.sweeperUrl,
      REDIS_URL: world.redis.url,
      TOCSIN_REDIS_PREFIX: world.redis.prefix,
      LOG_LEVEL: "info",
      ...(crashAt === undefined ? {} : { TOCSIN_CRASH_AT: crashAt }),
    },
    stdio: ["ignore", "pipe", "ignore"],
  });
}

/** Lets it live from when it works until `enough` says so. @returns whether it died of SIGKILL */
async function liveFor(child: ChildProcess, enough: () => boolean, signal: AbortSignal): Promise<boolean> {
  let look: NodeJS.Timeout | undefined;
  const timer = setTimeout(() => child.kill("SIGKILL"), STARTS_WITHIN_MS);
  child.stdout?.on("data", (chunk: Buffer) => {
    if (!chunk.includes('"working"')) return;
    clearTimeout(timer);
    const ready = performance.now();
    look = setInterval(() => {
      if (enough() || performance.now() - ready > LONGEST_LIFE_MS) child.kill("SIGKILL");
    }, 5);
  });
  const stop = () => child.kill("SIGKILL");
  signal.addEventListener("abort", stop, { once: true });
  const [, how] = (await once(child, "exit")) as [number | null, string | null];
  clearTimeout(timer);
  clearInterval(look);
  signal.removeEventListener("abort", stop);
  return how === "SIGKILL" && !signal.aborted;
}

/** One ordered life: only such a process leaves behind what it compiled. */
async function warm(world: World): Promise<void> {
  const child = worker(world);
  child.stdout?.on("data", (chunk: Buffer) => {
    if (chunk.includes('"working"')) child.kill("SIGTERM");
  });
  await once(child, "exit");
}

/** At any moment: after so much work, by chance, that the kills are spread evenly over the changes. */
async function killAtRandom(world: World, signal: AbortSignal): Promise<void> {
  const each = (2 * world.plan.changes) / world.plan.kills;
  while (world.progress() < 1 && !signal.aborted) {
    const [work, pause] = [Math.random() * 2 * each, Math.random() * 100];
    let from: number | undefined;
    let until = Number.POSITIVE_INFINITY;
    const enough = () => {
      from ??= world.arrivals.length;
      if (world.arrivals.length - from >= work) until = Math.min(until, performance.now() + pause);
      return performance.now() >= until;
    };
    if (await liveFor(worker(world), enough, signal)) world.kills.push(performance.now());
  }
}

/** Each window of the road in turn: it dies the first time that it comes there. */
async function killAtPoints(world: World, signal: AbortSignal): Promise<void> {
  for (let n = 0; world.progress() < 1 && !signal.aborted; n++)
    if (await liveFor(worker(world, POINTS[n % POINTS.length]), () => false, signal))
      world.kills.push(performance.now());
}

async function settle(world: World, producing: Promise<void>): Promise<void> {
  const last = worker(world);
  try {
    await Promise.race([producing, sleep(END_WITHIN_MS)]);
    for (const end = performance.now() + END_WITHIN_MS; performance.now() < end; await sleep(250)) {
      const rows = await world.db.sql("SELECT 1 FROM delivery WHERE state IN ('pending', 'leased') LIMIT 1");
      if (rows.length === 0) return;
    }
  } finally {
    last.kill("SIGTERM");
    await once(last, "exit");
  }
}
