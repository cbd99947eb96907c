// 5,000 servers of 200 tenants fail within a minute for one cause and one server for another, through the real stream and
// a real worker, with a receiver behind every sink: who is told, what is held, and whether all of it is accounted for.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { randomBytes, randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PLATFORM_TENANT, WORKER_ACTOR } from "#lib/adapters/db";
import { places, type SecretBox, secrets } from "#lib/adapters/secrets";
import type { Reason } from "#lib/domain/reason";
import { heldCounts } from "#lib/queries/held";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { testRedis } from "#lib/testing/redis";
import { aSealedSlot } from "#lib/testing/sealed";
import { testSettings } from "#lib/testing/settings";
import { percentile, type Row, receiver, round } from "./parts.ts";

const ROOT = join(import.meta.dirname, "..");
const DUTIES = "decide,deliver,escalate,storms,clusters,digests";
const QUIET_MS = 6_000;
const GIVE_UP_MS = 120_000;
/** More ways to fail than a public tenant is told of in an hour. */
const WAYS: Reason[] = [
  "timeout",
  "http_not_found",
  "http_moved",
  "not_mcp",
  "version_unsupported",
  "malformed_jsonrpc",
];

export interface StormPlan {
  tenants: number;
  servers: number;
  seconds: number;
  workers: number;
}

interface Failing {
  tenantId: string;
  serverId: string;
  reason: Reason;
}

/** Needs stores(); returns the table's rows. */
export async function benchStorm(plan: StormPlan): Promise<Row[]> {
  const db = await testDatabase();
  const redis = testRedis();
  const forget = testSettings(db);
  const to = await receiver();
  const workers: ChildProcess[] = [];
  try {
    const fleet = await plant(db, secrets(), plan, to.url);
    for (let i = 0; i < plan.workers; i++) workers.push(await work(db, redis));
    const sealedAt = new Map<string, number>();
    const start = performance.now();
    for (const [i, one] of fleet.order.entries()) {
      const wait = start + (i * plan.seconds * 1_000) / fleet.order.length - performance.now();
      if (wait > 1) await sleep(wait);
      sealedAt.set(one.serverId, performance.timeOrigin + performance.now());
      const slot = Math.floor(Date.now() / 1_000) * 1_000;
      const sealed = aSealedSlot(
        { tenantId: one.tenantId, serverId: one.serverId, slot },
        { fra: one.reason, iad: one.reason },
      );
      await redis.redis.xadd(`${redis.prefix}:sealed`, "*", "sealed", JSON.stringify(sealed));
    }
    const last = performance.timeOrigin + performance.now();
    const arrivals = await quiet(to, fleet.order.length, db);
    const seen = await ledger(db, arrivals, sealedAt);
    // The hour is shortened: what the budget held is an hour older, and the worker's own duty finds it.
    await db.sql("UPDATE held_back SET at = at - interval '1 hour' WHERE kind = 'budget'");
    for (let n = 0; n < 50 && (await budgetDigests(db)) === 0; n++) await sleep(100);
    const lastArrival = Math.max(...arrivals.values());
    const listed = await listedHeld(db, fleet.tenants);
    const global = seen.filter((s) => s.kind === "trigger" && s.subject === "cluster");
    const other = seen.find((s) => s.kind === "trigger" && s.serverId === fleet.other.serverId);
    const own = seen.filter((s) => s.kind === "trigger" && s.subject === "server");
    const toldIncidents = new Set(own.map((s) => s.incidentId));
    const paged = new Set(own.filter((s) => s.shared).map((s) => s.tenantId));
    const [counts] = await db.sql<{ opened: number; held: number; unsent: number }>(
      `SELECT count(*)::int AS opened, count(*) FILTER (WHERE EXISTS (SELECT 1 FROM held_back h WHERE h.incident_id = i.id)
         AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.incident_id = i.id AND d.kind = 'trigger'))::int AS held,
         (SELECT count(*)::int FROM delivery WHERE state IN ('pending', 'leased')) AS unsent
       FROM incident i WHERE subject_kind = 'server'`,
    );
    const opened = counts?.opened ?? 0;
    const held = counts?.held ?? 0;
    const waits = own.map((s) => s.at - (sealedAt.get(s.serverId ?? "") ?? s.at));
    const row = (what: string, value: string | number, wanted: string): Row => ({ what, value, wanted });
    return [
      row("servers that failed", fleet.order.length, `${plan.servers} + 1 + ${fleet.budget}`),
      row("incidents opened", opened, `${fleet.order.length}`),
      row("told by themselves", toldIncidents.size, ""),
      row("held (never told by themselves)", held, ""),
      row("neither told nor held", opened - toldIncidents.size - held, "0"),
      row("holds listed on /held", listed.holds, `${listed.rows}`),
      row("requests at the sinks", arrivals.size, ""),
      row("global notices to the operators", global.length, "1"),
      row("tenants paged before the floor", paged.size, `about ${Math.floor(plan.tenants / 10)} (10 %)`),
      row(
        "tenants told by a digest of the outage",
        new Set(seen.filter((s) => s.digest === "wider").map((s) => s.tenantId)).size,
        `at least ${plan.tenants - paged.size}`,
      ),
      row(
        "most notices of one shared tenant",
        most(seen.filter((s) => s.shared || s.digest === "wider").map((s) => s.tenantId)),
        "6",
      ),
      row(
        "the other server's page, seal → sink, ms",
        other === undefined ? "never" : round(other.at - (sealedAt.get(fleet.other.serverId) ?? 0)),
        "< 5,000",
      ),
      row("pages, seal → sink, p50 ms", round(percentile(waits, 50)), ""),
      row("pages, seal → sink, p99 ms", round(percentile(waits, 99)), "< 5,000"),
      row("last seal → last request, ms", round(lastArrival - last), "< 5,000"),
      row("budget: told of its tenant", own.filter((s) => s.tenantId === fleet.budgetTenant).length, "6"),
      row("budget: held and then in an hourly digest", await budgetDigests(db), `${fleet.budget - 6}`),
      row("deliveries still unsent", counts?.unsent ?? -1, "0"),
    ];
  } finally {
    await Promise.all(workers.map(ended));
    to.stop();
    await redis.close();
    forget();
    await db.close();
  }
}

interface Fleet {
  order: Failing[];
  tenants: string[];
  other: Failing;
  budgetTenant: string;
  budget: number;
}

async function plant(db: TestDatabase, box: SecretBox, plan: StormPlan, url: string): Promise<Fleet> {
  const sink = async (tenantId: string) => {
    await db.sql(
      "INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at) VALUES ($1, $2, '127.0.0.1/32', 'the receiver of the bench', now())",
      [tenantId, randomUUID()],
    );
    const id = randomUUID();
    const secret = JSON.stringify({ secret: `whsec_${randomBytes(32).toString("base64")}` });
    const sealed = await box.seal(db.workerDb, places.sink(tenantId, id), secret);
    await makeSink(db, tenantId, { id, kind: "webhook", config: { url }, sealed });
  };
  await sink(PLATFORM_TENANT);
  const tenants: string[] = [];
  const order: Failing[] = [];
  const each = Math.ceil(plan.servers / plan.tenants);
  for (let t = 0; t < plan.tenants; t++) {
    const { id: tenantId } = await makeTenant(db, { tier: "enterprise" });
    tenants.push(tenantId);
    await sink(tenantId);
    const rows = await db.sql<{ id: string }>(
      `INSERT INTO server (tenant_id, id, name, url, interval_s, regions, fire_after, clear_after, weight, created_at)
       SELECT $1, gen_random_uuid(), 'Server ' || n, 'https://mcp.shared-provider.com/' || n, 60, '{}', 1, 1, 'own', '2026-01-01'
       FROM generate_series(1, $2::int) n RETURNING id::text`,
      [tenantId, each],
    );
    for (const { id } of rows)
      if (order.length < plan.servers) order.push({ tenantId, serverId: id, reason: "connection_refused" });
  }
  // Over the minute in no order: every tenant's servers fail among those of the others.
  order.sort(() => Math.random() - 0.5);
  const { id: budgetTenant } = await makeTenant(db, { tier: "public" });
  await sink(budgetTenant);
  const budget = 2 * WAYS.length;
  for (let i = 0; i < budget; i++) {
    const serverId = await makeServer(db, budgetTenant, { fireAfter: 1, url: `https://mcp.own-${i}.com/mcp` });
    order.splice(Math.floor(((i + 1) * order.length) / (budget + 1)), 0, {
      ...{ tenantId: budgetTenant, serverId, reason: WAYS[i % WAYS.length] as Reason },
    });
  }
  const tenantId = tenants.at(-1) as string;
  const serverId = await makeServer(db, tenantId, { fireAfter: 1, url: "https://mcp.another-provider.net/mcp" });
  const other: Failing = { tenantId, serverId, reason: "dns_failure" };
  order.splice(Math.floor(order.length / 2), 0, other);
  await db.sql("ANALYZE");
  return { order, tenants, other, budgetTenant, budget };
}

async function work(db: TestDatabase, redis: ReturnType<typeof testRedis>): Promise<ChildProcess> {
  const child = spawn(process.execPath, ["worker/main.ts", "--duties", DUTIES], {
    cwd: ROOT,
    env: {
      ...process.env,
      ...{ DATABASE_URL_WORKER: db.workerUrl, DATABASE_URL_SWEEPER: db.sweeperUrl },
      ...{ REDIS_URL: redis.url, TOCSIN_REDIS_PREFIX: redis.prefix, TOCSIN_HEALTH_PORT: "0" },
      LOG_LEVEL: process.env.BENCH_LOG ?? "info",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  // Its first lines say that it works; nothing after them is read.
  await Promise.race([
    new Promise<void>((done) => child.stdout?.on("data", (text: Buffer) => text.includes("working") && done())),
    once(child, "exit").then(([code]) => Promise.reject(new Error(`the worker ended with ${code}`))),
  ]);
  return child;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

/** Until every slot is decided and nothing has come for a while. @returns all arrivals */
async function quiet(
  to: Awaited<ReturnType<typeof receiver>>,
  slots: number,
  db: TestDatabase,
): Promise<Map<string, number>> {
  const all = new Map<string, number>();
  const begun = performance.now();
  for (let since = performance.now(); performance.now() - since < QUIET_MS; await sleep(250)) {
    if (performance.now() - begun > GIVE_UP_MS) break;
    const fresh = await to.arrivals();
    for (const [id, at] of fresh) if (!all.has(id)) all.set(id, at);
    const [row] = await db.sql<{ n: number }>("SELECT count(*)::int AS n FROM incident WHERE subject_kind = 'server'");
    if (fresh.size > 0 || (row?.n ?? 0) < slots) since = performance.now();
  }
  return all;
}

interface Seen {
  at: number;
  kind: string;
  tenantId: string;
  incidentId: string | null;
  subject: string | null;
  serverId: string | null;
  digest: string | null;
  shared: boolean;
}

/** What each request was about, from the rows that it was sent for. */
async function ledger(db: TestDatabase, arrivals: Map<string, number>, sealedAt: Map<string, number>): Promise<Seen[]> {
  const rows = await db.sql<Omit<Seen, "at" | "shared"> & { id: string; reason: string | null }>(
    `SELECT d.id::text, d.kind, d.tenant_id::text AS "tenantId", d.incident_id::text AS "incidentId", i.subject_kind AS subject, i.server_id::text AS "serverId",
       g.kind AS digest, i.reason FROM delivery d LEFT JOIN incident i ON i.id = d.incident_id LEFT JOIN digest g ON g.notice_id = d.notice_id`,
  );
  const byId = new Map(rows.map((r) => [r.id, r]));
  return [...arrivals].flatMap(([id, at]) => {
    const row = byId.get(id);
    if (row === undefined) return [];
    const shared = row.reason === "connection_refused" && (row.serverId === null || sealedAt.has(row.serverId));
    return [{ ...row, at, shared: shared && row.tenantId !== PLATFORM_TENANT }];
  });
}

const most = (names: string[]): number =>
  Math.max(0, ...[...Map.groupBy(names, (n) => n).values()].map((of) => of.length));

async function budgetDigests(db: TestDatabase): Promise<number> {
  const [row] = await db.sql<{ n: number }>(
    "SELECT coalesce(sum(counted), 0)::int AS n FROM digest WHERE kind = 'hour' AND notice_id IS NOT NULL",
  );
  return row?.n ?? 0;
}

/** What the page counts, tenant by tenant, beside the rows there are. */
async function listedHeld(db: TestDatabase, tenants: string[]): Promise<{ holds: number; rows: number }> {
  let holds = 0;
  for (const tenantId of tenants) {
    const context = { tenantId, actorId: WORKER_ACTOR, readOnly: true };
    const { kinds } = await db.appDb.withTenant(context, (tx) =>
      heldCounts(tx, { kind: null, q: "", digestId: null }, new Date()),
    );
    holds += Object.entries(kinds).reduce((sum, [kind, n]) => sum + (kind === "withheld" ? 0 : n), 0);
  }
  const [row] = await db.sql<{ n: number }>(
    "SELECT count(*)::int AS n FROM held_back WHERE tenant_id = ANY ($1::uuid[])",
    [tenants],
  );
  return { holds, rows: row?.n ?? 0 };
}
