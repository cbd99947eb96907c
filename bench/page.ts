// From the seal of the slot that opens an incident to the request at the sink: stream, decision, commit, wake-up, claim,
// render and send, with PostgreSQL's fsync on.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { listen } from "#lib/adapters/listen";
import { createLog } from "#lib/adapters/log";
import { secretBox } from "#lib/adapters/secrets";
import { sender } from "#lib/adapters/send";
import type { SinkBases } from "#lib/sinks/sink";
import { testDatabase } from "#lib/testing/database";
import { testRedis } from "#lib/testing/redis";
import { Outbox } from "../worker/delivery/outbox.ts";
import { consume } from "../worker/pipeline/consume.ts";
import { plantFailing, sealBadSlot } from "./page-fleet.ts";
import { percentile, type Row, receiver, round } from "./parts.ts";

const INCIDENTS = 200;

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
    const fleet = await plantFailing(db, box, INCIDENTS, to.url);
    await sleep(500);
    const waits: number[] = [];
    for (const one of fleet) {
      const sealedAt = await sealBadSlot(redis, one);
      const deadline = performance.now() + 30_000;
      for (let arrived: number | undefined; arrived === undefined; ) {
        if (performance.now() > deadline) throw new Error("a page did not arrive in time");
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
