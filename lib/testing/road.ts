// The whole road in one process, as worker and probers walk it, with the clock in the test's hand: real probers against
// real servers, real Redis and PostgreSQL, real requests to the emulated vendors.
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "#lib/adapters/log";
import { places, type SecretBox, secrets } from "#lib/adapters/secrets";
import { sender } from "#lib/adapters/send";
import { slotStart } from "#lib/domain/cadence";
import { sinks as allSinks } from "#lib/sinks/index";
import type { SinkKind } from "#lib/sinks/sink";
import { Outbox } from "../../worker/delivery/outbox.ts";
import { SealedConsumer } from "../../worker/pipeline/consume.ts";
import { escalateDue } from "../../worker/pipeline/escalate.ts";
import { SealedStream } from "../../worker/pipeline/stream.ts";
import { type RegionDeps, runJob } from "../../worker/probe/region.ts";
import { sealDue } from "../../worker/probe/seal.ts";
import { ProberPool } from "../../worker/probe/supervisor.ts";
import { type TestClock, testClock } from "./clock.ts";
import { type TestDatabase, testDatabase } from "./database.ts";
import { makeRegion, makeSink, makeTenant } from "./make.ts";
import { type TestRedis, testRedis } from "./redis.ts";
import { variants } from "./sinks/fixtures.ts";
import { testSettings } from "./settings.ts";
import { startVendors, type Vendors } from "./vendors/index.ts";

export const REGIONS = ["fra", "iad", "sin"] as const;
export const ALL_SINKS: SinkKind[] = allSinks.map((s) => s.kind);

export interface Road {
  db: TestDatabase;
  redis: TestRedis;
  vendors: Vendors;
  clock: TestClock;
  box: SecretBox;
  outbox: Outbox;
  consumer: SealedConsumer;
  /** A tenant, or this one, that may reach loopback, with one sink of each kind pointed at the emulated vendors. */
  tenant(known?: string): Promise<{ id: string; sinks: Map<SinkKind, string> }>;
  /** One slot of the server: probed from each region named, sealed, decided, delivered. Moves the clock by a minute. */
  slot(tenantId: string, serverId: string, regions?: readonly string[]): Promise<void>;
  /** Everything that is due now, delivered. */
  deliver(): Promise<void>;
  close(): Promise<void>;
}

export async function road(): Promise<Road> {
  const dir = mkdtempSync(join(tmpdir(), "tocsin-road-"));
  const [db, vendors] = await Promise.all([testDatabase(), startVendors({ caDir: dir })]);
  const redis = testRedis();
  const clock = testClock();
  const forget = testSettings(db);
  const box = secrets();
  const log = createLog("road", process.env.ROAD_LOG ?? "fatal");
  const ca = readFileSync(vendors.caFile, "utf8");
  const pool = new ProberPool({ size: 2 });
  for (const region of REGIONS) await makeRegion(db, region);
  const outbox = new Outbox(
    { db: db.workerDb, box, bases: vendors.bases, send: sender(() => ca), random: () => 0 },
    db.sweeper,
    "road",
    log,
  );
  const consumer = new SealedConsumer(
    db.workerDb,
    new SealedStream(redis.redis, redis.prefix, randomUUID()),
    log,
    () => {},
  );
  const region = (name: string): RegionDeps => ({
    region: name,
    db: db.workerDb,
    redis: redis.redis,
    queueRedis: redis.redis,
    prefix: redis.prefix,
    box,
    pool,
    concurrency: 2,
    log,
  });

  const deliver = async () => {
    await escalateDue(db.workerDb, db.sweeper, clock.now());
    await outbox.settleAll();
  };
  return {
    ...{ db, redis, vendors, clock, box, outbox, consumer, deliver },
    tenant: (known) => tenantWithSinks(db, box, vendors, known),
    async slot(tenantId, serverId, regions = REGIONS) {
      const intervalS = 60;
      const slot = slotStart(clock.now().getTime(), intervalS);
      for (const name of regions)
        await runJob(region(name), { tenantId, slot, intervalS, servers: [{ id: serverId, expected: [...REGIONS] }] });
      clock.set(new Date(slot + 60_000));
      // Regions that did not answer leave the slot open until its time is over.
      if (regions.length < REGIONS.length) await sealDue(redis.redis, redis.prefix, new Date(slot + 60_000 + 20_000));
      await consumer.drain();
      await deliver();
    },
    async close() {
      await pool.close();
      await vendors.stop();
      await redis.close();
      await db.close();
      clock.restore();
      forget();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function tenantWithSinks(
  db: TestDatabase,
  box: SecretBox,
  vendors: Vendors,
  known?: string,
): Promise<{ id: string; sinks: Map<SinkKind, string> }> {
  const id = known ?? (await makeTenant(db)).id;
  await db.sql(
    "INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at) VALUES ($1, $2, '127.0.0.1/32', 'servers of the tests', now())",
    [id, randomUUID()],
  );
  const made = new Map<SinkKind, string>();
  for (const sink of allSinks) {
    const sinkId = randomUUID();
    const given = variants(vendors.webhookUrl)[sink.kind][0]?.config ?? {};
    const hidden = Object.fromEntries(Object.entries(given).filter(([name]) => sink.secretFields.includes(name)));
    const shown = Object.fromEntries(Object.entries(given).filter(([name]) => !sink.secretFields.includes(name)));
    const sealed = await box.seal(db.workerDb, places.sink(id, sinkId), JSON.stringify(hidden));
    made.set(
      sink.kind,
      await makeSink(db, id, { id: sinkId, kind: sink.kind, name: sink.name, config: shown, sealed }),
    );
  }
  return { id, sinks: made };
}
