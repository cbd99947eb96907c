// The product's own worker and region processes against bench servers, with the CPU and memory that each kind took.
// A recycled prober's time is in its parent's, so nothing that was spent is lost.
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { type TestRedis, testRedis } from "#lib/testing/redis";
import { freePort } from "#lib/testing/servers";
import { testSettings } from "#lib/testing/settings";
import { responder, round } from "./parts.ts";

const ROOT = join(import.meta.dirname, "..");
const TICKS_PER_S = 100;

export interface Fleet {
  tenants: number;
  servers: number;
  intervalS: 15 | 30 | 60 | 300;
  regions: readonly string[];
  tier: "team" | "enterprise";
}

export interface Spent {
  cpuS: number;
  rssMb: number;
  processes: number;
}

export interface Product {
  db: TestDatabase;
  store: TestRedis;
  /** Server id and epoch ms of the first request of each probe since the last call. */
  starts(): Promise<[serverId: string, at: number][]>;
  /** Since the start of each process, by kind: worker, region, prober; the stores when they are ours to see. */
  spent(): Map<string, Spent>;
  stop(): Promise<void>;
}

/** Needs stores(). Half of the servers speak each era. Resolves when every process says that it is ready. */
export async function product(fleet: Fleet): Promise<Product> {
  const [db, servers] = await Promise.all([testDatabase(), responder()]);
  const store = testRedis();
  const forget = testSettings(db);
  await plant(db, fleet, servers.url);
  const children: ChildProcess[] = [];
  const start = async (program: string, ...args: string[]): Promise<void> => {
    const port = await freePort();
    const child = spawn(process.execPath, [join(ROOT, program), ...args], {
      cwd: ROOT,
      stdio: ["ignore", "ignore", "inherit"],
      env: {
        ...process.env,
        REDIS_URL: store.url,
        TOCSIN_REDIS_PREFIX: store.prefix,
        TOCSIN_REGIONS: fleet.regions.join(","),
        TOCSIN_HEALTH_PORT: String(port),
        LOG_LEVEL: process.env.BENCH_LOG ?? "fatal",
      },
    });
    children.push(child);
    for (let tries = 0; tries < 600; tries++) {
      if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`);
      const ok = await fetch(`http://127.0.0.1:${port}/ready`).then(
        (r) => r.ok,
        () => false,
      );
      if (ok) return;
      await new Promise((again) => setTimeout(again, 100));
    }
    throw new Error(`${program} ${args.join(" ")} was not ready in time`);
  };
  await start("worker/main.ts");
  for (const region of fleet.regions) await start("worker/probe/main.ts", "--region", region);
  const roots = new Map(children.map((c, i) => [c.pid ?? 0, i === 0 ? "worker" : "region"]));
  return {
    db,
    store,
    spent: () => spentBy(roots),
    starts: async () => (await servers.starts()).map(([path, at]) => [path.split("/")[2] ?? "", at]),
    async stop() {
      await Promise.all(children.map((child) => ended(child)));
      servers.stop();
      forget();
      await store.close();
      await db.close();
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  const hard = setTimeout(() => child.kill("SIGKILL"), 15_000);
  await gone;
  clearTimeout(hard);
}

async function plant(db: TestDatabase, fleet: Fleet, url: string): Promise<void> {
  for (const region of fleet.regions)
    await db.sql("INSERT INTO region (name, city) VALUES ($1, $1) ON CONFLICT DO NOTHING", [region]);
  await db.sql(
    `WITH t AS (INSERT INTO tenant (id, slug, name, tier, created_at)
       SELECT gen_random_uuid(), 'bench-' || n, 'Bench ' || n, $1, now() FROM generate_series(1, $2) n RETURNING id),
     a AS (INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at) SELECT id, gen_random_uuid(), '127.0.0.0/8', 'the servers of the bench', now() FROM t)
     INSERT INTO server (tenant_id, id, name, url, interval_s, created_at)
       SELECT tenant, server, 'Server ' || n, $3 || CASE WHEN n % 2 = 0 THEN 'legacy/' ELSE 'modern/' END || server, $4, now() - interval '1 day'
       FROM (SELECT id AS tenant, n, gen_random_uuid() AS server FROM t, generate_series(1, $5) n) AS each`,
    [fleet.tier, fleet.tenants, url, fleet.intervalS, Math.floor(fleet.servers / fleet.tenants)],
  );
}

/** In ticks since the machine started, as /proc has it. */
const bornAt = Number(readFileSync("/proc/self/stat", "latin1").split(") ")[1]?.split(" ")[19] ?? 0);

/** Own time and that of children which have ended, from /proc; living children stand in a row of their own. */
function spentBy(roots: ReadonlyMap<number, string>): Map<string, Spent> {
  const rows = new Map<string, Spent>();
  for (const pid of readdirSync("/proc").map(Number).filter(Number.isInteger)) {
    try {
      const text = readFileSync(`/proc/${pid}/stat`, "latin1");
      const fields = text
        .slice(text.lastIndexOf(")") + 2)
        .split(" ")
        .map(Number);
      const at = (place: number) => fields[place - 3] ?? 0;
      const name = text.slice(text.indexOf("(") + 1, text.lastIndexOf(")"));
      const kind = roots.get(pid) ?? (roots.has(at(4)) ? "probers" : name.startsWith("redis") ? "redis" : null);
      const postgres = name.startsWith("postgres") ? "postgres" : null;
      const row = kind ?? postgres;
      // Stores that were there before this bench are somebody else's.
      if (row === null || at(22) < bornAt) continue;
      const so = rows.get(row) ?? { cpuS: 0, rssMb: 0, processes: 0 };
      // A backend that ended is in its postmaster's children; so is a prober in its region's.
      const ticks = at(14) + at(15) + (row === "worker" ? 0 : at(16) + at(17));
      rows.set(row, {
        cpuS: so.cpuS + ticks / TICKS_PER_S,
        rssMb: so.rssMb + (at(24) * 4_096) / 1e6,
        processes: so.processes + 1,
      });
    } catch {} // It ended while we looked.
  }
  return rows;
}

/** What was spent between two looks. */
export function between(before: Map<string, Spent>, after: Map<string, Spent>): Map<string, Spent> {
  return new Map(
    [...after].map(([kind, now]) => [
      kind,
      { ...now, cpuS: round(now.cpuS - (before.get(kind)?.cpuS ?? 0), 2), rssMb: round(now.rssMb, 0) },
    ]),
  );
}
