// Fifty hostile servers of one tenant beside ten tenants of ordinary ones, over the real queue, with the real limits and
// nobody slowed down: what the others notice. The prober has the faults that the hostile ones hope for.
import { fork } from "node:child_process";
import { once } from "node:events";
import { randomBytes, randomUUID } from "node:crypto";
import { join } from "node:path";
import { Redis } from "ioredis";
import { now } from "#lib/adapters/clock";
import { createLog } from "#lib/adapters/log";
import { secretBox } from "#lib/adapters/secrets";
import { slotOffset } from "#lib/domain/cadence";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeRegion, makeServer, makeTenant } from "#lib/testing/make";
import { testRedis } from "#lib/testing/redis";
import type { ProberExit } from "../worker/probe/prober-process.ts";
import { regionWorker } from "../worker/probe/region.ts";
import { scheduler } from "../worker/probe/schedule.ts";
import { sealDue } from "../worker/probe/seal.ts";
import { sealedStream } from "../worker/probe/slots.ts";
import { type Prober, ProberPool } from "../worker/probe/supervisor.ts";
import { percentile, responder, type Row, round } from "./parts.ts";

const REGION = "fra";
const TENANTS = 10;
const SERVERS = 20;
const HOSTILE = 50;
const MINUTE = 60_000;
/** What lib/testing/vulnerable-prober.ts does for a path; it runs only as a prober. */
const FAULTS = ["spin", "hog", "hang", "chat"] as const;

interface Lag {
  tenantId: string;
  slot: number;
  ms: number;
}

/** @param minutes with the hostile tenant; as many without it come first, three at most */
export async function benchHostile(minutes: number): Promise<Row[]> {
  const [db, servers] = await Promise.all([testDatabase(), responder()]);
  const evil = fork(join(import.meta.dirname, "hostile-servers.ts"), {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const [urls] = (await once(evil, "message")) as [string[]];
  const store = testRedis();
  const queueRedis = new Redis(store.url, { maxRetriesPerRequest: null });
  await db.sql("UPDATE region SET enabled = false");
  await makeRegion(db, REGION);
  await db.sql("UPDATE region SET enabled = true WHERE name = $1", [REGION]);
  const calm = new Set<string>();
  for (let t = 0; t < TENANTS; t++) {
    const tenant = await tenantOn(
      db,
      Array.from({ length: SERVERS }, (_, i) => `${servers.url}${i % 2 ? "legacy" : "modern"}/${t}-${i}`),
    );
    calm.add(tenant);
  }
  const faults = FAULTS.map((fault) => `${servers.url}${fault}`);
  const all = [...urls, ...faults];
  const hostile = await tenantOn(
    db,
    Array.from({ length: HOSTILE }, (_, i) => `${all[i % all.length]}/${i}`),
  );
  await db.sql("UPDATE server SET paused = true WHERE tenant_id = $1", [hostile]);

  const exits: ProberExit[] = [];
  const lags: Lag[] = [];
  const pool = new ProberPool({
    size: 8,
    program: join(import.meta.dirname, "../lib/testing/vulnerable-prober.ts"),
    onExit: (exit) => exits.push(exit),
  });
  const log = createLog("bench", "fatal");
  const deps = { sweeper: db.sweeper, redis: store.redis, queueRedis, prefix: store.prefix };
  const timetable = scheduler(deps);
  const worker = regionWorker({
    ...{ region: REGION, db: db.workerDb, redis: store.redis, queueRedis, prefix: store.prefix, concurrency: 256, log },
    ...{ box: secretBox(randomBytes(32)), pool: watched(pool, lags) },
  });
  const ticking = setInterval(() => {
    timetable.tick(now()).catch(() => {});
    sealDue(store.redis, store.prefix, now()).catch(() => {});
  }, 1_000);

  const span = async (length: number) => {
    const from = Math.ceil(Date.now() / MINUTE) * MINUTE;
    await until(from + length * MINUTE);
    return { from, to: from + length * MINUTE };
  };
  const before = await span(Math.min(3, minutes));
  await db.sql("UPDATE server SET paused = false WHERE tenant_id = $1", [hostile]);
  const during = await span(minutes);
  await until(during.to + 25_000);
  const rows = [
    await rowOf("without", before, lags, calm, store),
    await rowOf(`with ${HOSTILE} hostile servers of one tenant`, during, lags, calm, store),
    ...killRows(exits, hostile),
  ];
  clearInterval(ticking);
  await pool.close();
  await worker.close(true);
  await timetable.close();
  queueRedis.disconnect();
  evil.disconnect();
  servers.stop();
  await store.close();
  await db.close();
  return rows;
}

async function tenantOn(db: TestDatabase, urls: string[]): Promise<string> {
  const { id } = await makeTenant(db);
  await db.sql(
    "INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at) VALUES ($1, $2, '127.0.0.0/8', 'servers of the bench', now())",
    [id, randomUUID()],
  );
  for (const url of urls) await makeServer(db, id, { url });
  return id;
}

/** When a prober has a batch, against when each of its servers was due. */
function watched(pool: Prober, lags: Lag[]): Prober {
  return {
    run(targets, policy, events, wantSteps, turn) {
      const { job } = turn ?? {};
      const started = () => {
        events.started?.();
        for (const { id } of job?.servers ?? []) {
          const due = (job?.slot ?? 0) + slotOffset(id, job?.intervalS ?? 60);
          lags.push({ tenantId: job?.tenantId ?? "", slot: job?.slot ?? 0, ms: Math.max(0, Date.now() - due) });
        }
      };
      return pool.run(targets, policy, { ...events, started }, wantSteps, turn);
    },
  };
}

async function rowOf(
  what: string,
  { from, to }: { from: number; to: number },
  lags: readonly Lag[],
  calm: ReadonlySet<string>,
  store: { redis: Redis; prefix: string },
): Promise<Row> {
  const of = lags.filter((l) => calm.has(l.tenantId) && l.slot >= from && l.slot < to).map((l) => l.ms);
  const entries = await store.redis.xrange(sealedStream(store.prefix), "-", "+");
  const good = entries
    .map(([, fields]) => JSON.parse(fields[1] ?? "{}"))
    .filter((e) => calm.has(e.tenantId) && e.slot >= from && e.slot < to && e.outcomes[REGION]?.status === "up");
  const expected = (TENANTS * SERVERS * (to - from)) / MINUTE;
  return {
    what,
    "others' checks": expected,
    "seen up in time": good.length,
    missed: expected - good.length,
    "late p50 ms": round(percentile(of, 50)),
    "late p99 ms": round(percentile(of, 99)),
    "late max ms": round(Math.max(0, ...of)),
  };
}

function killRows(exits: readonly ProberExit[], hostile: string): Row[] {
  const killed = exits.filter((e) => e.culprit !== null);
  const strangers = killed.filter((e) => e.culprit?.tenantId !== hostile).length;
  return [...Map.groupBy(killed, (e) => e.reason)].map(([reason, of]) => {
    const after = of.map((e) => (e.culprit?.batchMs ?? 0) / 1_000);
    return {
      what: `killed: ${reason}`,
      kills: of.length,
      "after s, least": round(Math.min(...after)),
      "after s, most": round(Math.max(...after)),
      "in others' work": strangers,
    };
  });
}

const until = (at: number) => new Promise((done) => setTimeout(done, Math.max(0, at - Date.now())));
