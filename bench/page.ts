// From the seal of the slot that opens an incident to the request at the sink: stream, decision, commit, wake-up, claim,
// render and send, with PostgreSQL's fsync on.
import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { listen } from "#lib/adapters/listen";
import { createLog } from "#lib/adapters/log";
import { places, secretBox } from "#lib/adapters/secrets";
import { sender } from "#lib/adapters/send";
import type { SinkBases } from "#lib/sinks/sink";
import { testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { testRedis } from "#lib/testing/redis";
import { anOutcome } from "#lib/testing/sealed";
import { Outbox } from "../worker/delivery/outbox.ts";
import { consume } from "../worker/pipeline/consume.ts";
import { record } from "../worker/probe/record.ts";
import { percentile, type Row, receiver, round } from "./parts.ts";

const INCIDENTS = 200;
const REGIONS = ["fra", "iad", "sin"];

/** Needs stores(); returns the table's rows. */
export async function benchPage(): Promise<Row[]> {
  const db = await testDatabase();
  const redis = testRedis();
  const to = await receiver();
  const log = createLog("bench", "error");
  const box = secretBox(randomBytes(32));
  const outbox = new Outbox(
    { db: db.workerDb, box, bases: {} as SinkBases, send: sender(() => undefined), random: Math.random },
    db.sweeper,
    "bench",
    log,
  );
  const abort = new AbortController();
  const listener = listen(db.workerUrl, ["tocsin_outbox"], () => outbox.wake());
  const running = [
    outbox.run(abort.signal, () => {}),
    consume(
      { db: db.workerDb, redis: redis.redis, prefix: redis.prefix, consumer: "bench", log, wake: () => outbox.wake() },
      abort.signal,
      () => {},
    ),
  ];
  try {
    const { id: tenantId } = await makeTenant(db);
    await db.sql(
      "INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at) VALUES ($1, $2, '127.0.0.1/32', 'the receiver of the bench', now())",
      [tenantId, randomUUID()],
    );
    const sinkId = randomUUID();
    const sealed = await box.seal(
      db.workerDb,
      places.sink(tenantId, sinkId),
      JSON.stringify({ secret: `whsec_${randomBytes(32).toString("base64")}` }),
    );
    await makeSink(db, tenantId, { id: sinkId, kind: "webhook", config: { url: to.url }, sealed });
    await sleep(500);
    const waits: number[] = [];
    for (let i = 0; i < INCIDENTS; i++) {
      const serverId = await makeServer(db, tenantId, { fireAfter: 1 });
      const sealedAt = await sealBadSlot(redis, tenantId, serverId);
      for (let arrived: number | undefined; arrived === undefined; ) {
        await sleep(3);
        arrived = [...(await to.arrivals()).values()][0];
        if (arrived !== undefined) waits.push(arrived - sealedAt);
      }
    }
    return [
      {
        what: `seal → request, ${INCIDENTS} incidents, one at a time`,
        "p50 ms": round(percentile(waits, 50)),
        "p90 ms": round(percentile(waits, 90)),
        "p99 ms": round(percentile(waits, 99)),
        "goal p50 ms": 50,
      },
    ];
  } finally {
    abort.abort();
    await Promise.allSettled(running);
    await listener.close();
    to.stop();
    await redis.close();
    await db.close();
  }
}

/** @returns when the write that seals was sent, epoch ms with fractions: its own round trip counts */
async function sealBadSlot(redis: ReturnType<typeof testRedis>, tenantId: string, serverId: string): Promise<number> {
  const slot = Math.floor(Date.now() / 60_000) * 60_000;
  const plan = { tenantId, serverId, slot, intervalS: 60, expected: REGIONS };
  let sent = 0;
  for (const region of REGIONS) {
    const outcome = anOutcome({ tenantId, serverId, slot, region }, { reason: "connection_refused", status: "down" });
    sent = performance.timeOrigin + performance.now();
    await record(redis.redis, redis.prefix, plan, outcome, null, new Date());
  }
  return sent;
}
