// The road of a page, the worker's own process on real stores with fsync on: what leaves from a backlog, and how long it
// takes from the seal to the request at 100 incidents a second. Beside it a bare outbox and Alertmanager, in one run.
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { join } from "node:path";
import { secrets, places } from "#lib/adapters/secrets";
import type { NoticeContent } from "#lib/domain/notice";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { type TestRedis, testRedis } from "#lib/testing/redis";
import { freePort } from "#lib/testing/servers";
import { testSettings } from "#lib/testing/settings";
import { alertmanager } from "./alertmanager.ts";
import { bareOutbox } from "./bare-outbox.ts";
import { atPace, plantFailing, sealBadSlot } from "./page-fleet.ts";
import { percentile, type Receiver, type Row, receiver, round } from "./parts.ts";

const SINKS = 16;
const BACKLOG = 4_000;
const PER_SECOND = 100;
const PACED = Number(process.env.BENCH_INCIDENTS ?? 1_000);
const WARM = 300;
const DUTIES = "heartbeat,decide,deliver,seal,escalate,fallback,dead_letters,storms,clusters,digests";
const DEADLINE_MS = 60_000;

const content: NoticeContent = {
  title: "Example is not working: connection refused",
  serverName: "Example",
  serverUrl: "https://mcp.example.com/mcp",
  tenantName: "Bench",
  severity: "P1",
  status: "down",
  reason: "connection_refused",
  reasonLabel: "Connection refused",
  advice: "Start the server process, or correct the port.",
  evidence: "Three of three regions were refused.",
  regions: [],
  startedAt: "2026-11-21T12:00:00.000Z",
  at: "2026-11-21T12:03:00.000Z",
  incidentUrl: "https://tocsin.example.com/incidents/1",
  drill: false,
};
const body = JSON.stringify({ type: "tocsin.incident.triggered", timestamp: content.at, data: content });

const nowMs = () => performance.timeOrigin + performance.now();

interface Measured {
  perSecond: number;
  waits: number[];
}

/** Needs stores(); returns the table's rows. */
export async function benchOutbox(): Promise<Row[]> {
  const db = await testDatabase();
  const redis = testRedis();
  const forget = testSettings(db);
  const to = await receiver();
  try {
    const bare = await measureBare(db, to);
    const prometheus = await measureAlertmanager(to);
    const ours = await measureOurs(db, redis, to);
    const row = (what: string, m: Measured, durable: string): Row => ({
      what,
      "deliveries/s": round(m.perSecond, 0),
      "of bare": round(m.perSecond / bare.perSecond, 2),
      [`p50 ms at ${PER_SECOND}/s`]: round(percentile(m.waits, 50)),
      [`p99 ms at ${PER_SECOND}/s`]: round(percentile(m.waits, 99)),
      "survives kill -9": durable,
    });
    return [
      row("Tocsin: worker process; seal → request, policy, timeline, signature", ours, "yes"),
      row("bare outbox: insert → request, nothing else", bare, "yes"),
      ...(prometheus === null ? [] : [row("Alertmanager, group_wait 0: accepted alert → request", prometheus, "no")]),
    ];
  } finally {
    to.stop();
    forget();
    await redis.close();
    await db.close();
  }
}

/** Waits until each has arrived. @returns arrival − start of each, ms */
async function waitsOf(to: Receiver, started: ReadonlyMap<string, number>): Promise<number[]> {
  const waits: number[] = [];
  for (const deadline = performance.now() + DEADLINE_MS; waits.length < started.size; ) {
    if (performance.now() > deadline) throw new Error(`${waits.length} of ${started.size} arrived in time`);
    await new Promise((again) => setTimeout(again, 50));
    for (const [id, at] of await to.arrivals()) {
      const since = started.get(id);
      if (since !== undefined) waits.push(at - since);
    }
  }
  return waits;
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

async function measureBare(db: TestDatabase, to: Receiver): Promise<Measured> {
  const bare = await bareOutbox(db.ownerUrl, to.url, body);
  try {
    await bare.backlog(BACKLOG / 4);
    const perSecond = BACKLOG / (await bare.backlog(BACKLOG));
    await to.arrivals();
    const started = new Map<string, number>();
    await atPace(numbers(PACED), PER_SECOND, async () => {
      const at = nowMs();
      started.set(await bare.add(), at);
    });
    return { perSecond, waits: await waitsOf(to, started) };
  } finally {
    await bare.stop();
  }
}

async function measureAlertmanager(to: Receiver): Promise<Measured | null> {
  const other = await alertmanager(to.url);
  if (other === null) return null;
  try {
    const ids = numbers(BACKLOG).map(() => randomUUID());
    const t0 = nowMs();
    const all = waitsOf(to, new Map(ids.map((id) => [id, t0])));
    for (let i = 0; i < BACKLOG; i += 100) await other.alert(...ids.slice(i, i + 100));
    const perSecond = BACKLOG / (Math.max(...(await all)) / 1000);
    const started = new Map<string, number>();
    await atPace(numbers(PACED), PER_SECOND, async () => {
      const id = randomUUID();
      started.set(id, nowMs());
      await other.alert(id);
    });
    return { perSecond, waits: await waitsOf(to, started) };
  } finally {
    await other.stop();
  }
}

async function measureOurs(db: TestDatabase, redis: TestRedis, to: Receiver): Promise<Measured> {
  const fleet = await plantFailing(db, secrets(), WARM + PACED, to.url);
  const worker = await startWorker(redis);
  try {
    const startedBy = new Map<string, number>();
    const seal = async (one: (typeof fleet)[number]) => {
      startedBy.set(one.serverId, await sealBadSlot(redis, one));
    };
    const paged = async (n: number) => {
      for (const deadline = performance.now() + DEADLINE_MS; ; ) {
        const rows = await db.sql<{ id: string; server: string }>(
          "SELECT d.id, i.server_id AS server FROM delivery d JOIN incident i ON i.tenant_id = d.tenant_id AND i.id = d.incident_id WHERE d.state = 'sent'",
        );
        if (rows.length >= n) return rows;
        if (performance.now() > deadline) throw new Error(`${rows.length} of ${n} were sent in time`);
        await new Promise((again) => setTimeout(again, 200));
      }
    };
    await atPace(fleet.slice(0, WARM / 2), PER_SECOND / 4, seal);
    await paged(WARM / 2);
    await db.sql("ANALYZE");
    // Statistics that are new have every prepared statement planned anew: that is no part of a page's road either.
    await atPace(fleet.slice(WARM / 2, WARM), PER_SECOND, seal);
    await paged(WARM);
    await to.arrivals();
    startedBy.clear();
    await atPace(fleet.slice(WARM), PER_SECOND, seal);
    const sent = await paged(WARM + PACED);
    const started = new Map(
      sent.flatMap(({ id, server }) => {
        const at = startedBy.get(server);
        return at === undefined ? [] : [[id, at] as const];
      }),
    );
    const waits = await waitsOf(to, started);
    return { waits, perSecond: await clearBacklog(db, to) };
  } finally {
    worker.kill("SIGTERM");
    await new Promise((done) => worker.once("exit", done));
  }
}

/** As many incidents, each with its page, committed at once. @returns deliveries a second until all are settled */
async function clearBacklog(db: TestDatabase, to: Receiver): Promise<number> {
  const { id: tenantId } = await makeTenant(db);
  await db.sql(
    "INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at) VALUES ($1, $2, '127.0.0.1/32', 'the receiver of the bench', now())",
    [tenantId, randomUUID()],
  );
  const serverId = await makeServer(db, tenantId);
  const sinks: string[] = [];
  for (let i = 0; i < SINKS; i++) {
    const id = randomUUID();
    const secret = JSON.stringify({ secret: `whsec_${randomBytes(32).toString("base64")}` });
    const sealed = await secrets().seal(db.workerDb, places.sink(tenantId, id), secret);
    sinks.push(
      await makeSink(db, tenantId, { id, kind: "webhook", name: `hook ${i}`, config: { url: to.url }, sealed }),
    );
  }
  await db.sql(
    `WITH i AS (INSERT INTO incident (tenant_id, id, number, subject_kind, server_id, subject_name, fingerprint, dedup_key, state, severity, status, reason, opened_at, started_at, last_bad_slot, policy)
       SELECT $1::uuid, gen_random_uuid(), n, 'server', $5::uuid, 'Example', 'bench:' || n, 'bench:' || n, 'open', 'P1', 'down', 'timeout', now(), now(), now(), '{}'
       FROM generate_series(1, $4::int) n RETURNING id, dedup_key, number),
     n AS (INSERT INTO notice (tenant_id, id, incident_id, kind, dedup_key, content, at)
       SELECT $1, gen_random_uuid(), id, 'trigger', dedup_key, $2, now() FROM i RETURNING id, incident_id)
     INSERT INTO delivery (tenant_id, id, notice_id, incident_id, sink_id, kind, due_at, created_at)
     SELECT $1, gen_random_uuid(), id, incident_id, ($3::uuid[])[1 + (row_number() OVER ())::int % cardinality($3::uuid[])], 'trigger', now() - interval '1 s', now() FROM n`,
    [tenantId, JSON.stringify(content), sinks, BACKLOG, serverId],
  );
  // As autovacuum does for a living installation: a plan made for empty tables reads all of them for each key.
  await db.sql("ANALYZE");
  const left = async () => {
    const [row] = await db.sql<{ left: number }>(
      "SELECT count(*)::int AS left FROM delivery WHERE tenant_id = $1 AND state IN ('pending', 'leased')",
      [tenantId],
    );
    return row?.left ?? BACKLOG;
  };
  // What its own poll found meanwhile has not been sent in the time that is measured.
  const atStart = await left();
  const t0 = performance.now();
  await db.sql("NOTIFY tocsin_outbox");
  for (const deadline = t0 + DEADLINE_MS; ; ) {
    await new Promise((again) => setTimeout(again, 50));
    const now = await left();
    if (now === 0) return atStart / ((performance.now() - t0) / 1000);
    if (performance.now() > deadline) throw new Error(`${now} of ${BACKLOG} were still to be sent`);
  }
}

async function startWorker(redis: TestRedis): Promise<ChildProcess> {
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [...(process.env.BENCH_PROFILE ?? "").split(" ").filter(Boolean), "worker/main.ts", "--duties", DUTIES],
    {
      cwd: join(import.meta.dirname, ".."),
      stdio: ["ignore", "ignore", "inherit"],
      env: {
        ...process.env,
        REDIS_URL: redis.url,
        TOCSIN_REDIS_PREFIX: redis.prefix,
        TOCSIN_HEALTH_PORT: String(port),
        LOG_LEVEL: process.env.BENCH_LOG ?? "fatal",
      },
    },
  );
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null) throw new Error(`the worker ended with ${child.exitCode}`);
    const ok = await fetch(`http://127.0.0.1:${port}/ready`).then(
      (r) => r.ok,
      () => false,
    );
    if (ok) return child;
    await new Promise((again) => setTimeout(again, 100));
  }
  throw new Error("the worker was not ready in time");
}
