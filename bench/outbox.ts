// The outbox beside a bare undici loop that does the same requests: deliveries per second from a backlog, and the time
// from commit to arrival for one delivery at a time.
import { randomBytes, randomUUID } from "node:crypto";
import { request } from "undici";
import { createLog } from "#lib/adapters/log";
import { listen } from "#lib/adapters/listen";
import { places, secretBox } from "#lib/adapters/secrets";
import { sender } from "#lib/adapters/send";
import type { NoticeContent } from "#lib/domain/notice";
import type { SinkBases } from "#lib/sinks/sink";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeSink, makeTenant } from "#lib/testing/make";
import { Outbox } from "../worker/delivery/outbox.ts";
import { percentile, type Receiver, type Row, receiver, round } from "./parts.ts";

const SINKS = 16;
const BACKLOG = 4_000;
const SINGLES = 300;
const box = secretBox(randomBytes(32));
const NO_BASES = {} as SinkBases; // The webhook sink's address is its own.

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

async function prepare(db: TestDatabase, to: Receiver): Promise<{ tenantId: string; sinks: string[] }> {
  const { id: tenantId } = await makeTenant(db);
  await db.sql(
    "INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at) VALUES ($1, $2, '127.0.0.1/32', 'the receiver of the bench', now())",
    [tenantId, randomUUID()],
  );
  const sinks: string[] = [];
  for (let i = 0; i < SINKS; i++) {
    const id = randomUUID();
    const sealed = await box.seal(
      db.workerDb,
      places.sink(tenantId, id),
      JSON.stringify({ secret: `whsec_${randomBytes(32).toString("base64")}` }),
    );
    sinks.push(
      await makeSink(db, tenantId, { id, kind: "webhook", name: `hook ${i}`, config: { url: to.url }, sealed }),
    );
  }
  return { tenantId, sinks };
}

async function enqueue(db: TestDatabase, tenantId: string, sinkIds: string[], count: number): Promise<void> {
  await db.sql(
    `WITH n AS (INSERT INTO notice (tenant_id, id, kind, dedup_key, content, at)
       SELECT $1, gen_random_uuid(), 'test', 'bench', $2, clock_timestamp() FROM generate_series(1, $4) RETURNING id)
     INSERT INTO delivery (tenant_id, id, notice_id, sink_id, kind, due_at, created_at)
     SELECT $1, gen_random_uuid(), id, ($3::uuid[])[1 + (row_number() OVER ())::int % cardinality($3::uuid[])], 'test', clock_timestamp() - interval '1 s', clock_timestamp() FROM n`,
    [tenantId, JSON.stringify(content), sinkIds, count],
  );
}

async function bareLoop(to: Receiver): Promise<number> {
  const body = JSON.stringify({ type: "tocsin.incident.triggered", timestamp: content.at, data: content });
  let left = BACKLOG;
  const t0 = performance.now();
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      while (left-- > 0) {
        const answer = await request(to.url, {
          method: "POST",
          body,
          headers: { "content-type": "application/json", "webhook-id": randomUUID() },
        });
        await answer.body.dump();
      }
    }),
  );
  return BACKLOG / ((performance.now() - t0) / 1000);
}

/** Needs stores(); returns the table's rows. */
export async function benchOutbox(): Promise<Row[]> {
  const db = await testDatabase();
  const to = await receiver();
  const outbox = new Outbox(
    { db: db.workerDb, box, bases: NO_BASES, send: sender(() => undefined), random: Math.random },
    db.sweeper,
    "bench",
    createLog("bench", "error"),
  );
  try {
    const { tenantId, sinks } = await prepare(db, to);
    const bare = await bareLoop(to);
    await to.arrivals();

    await enqueue(db, tenantId, sinks, BACKLOG);
    const t0 = performance.now();
    await outbox.settleAll();
    const perSecond = BACKLOG / ((performance.now() - t0) / 1000);
    const arrived = (await to.arrivals()).size;
    if (arrived !== BACKLOG) throw new Error(`${arrived} of ${BACKLOG} arrived`);

    const abort = new AbortController();
    const running = outbox.run(abort.signal, () => {});
    const listener = listen(db.workerUrl, ["tocsin_outbox"], () => outbox.wake());
    await new Promise((r) => setTimeout(r, 300));
    const waits: number[] = [];
    for (let i = 0; i < SINGLES; i++) {
      const before = performance.timeOrigin + performance.now();
      await enqueue(db, tenantId, [sinks[i % SINKS] ?? ""], 1);
      await db.sql("NOTIFY tocsin_outbox");
      for (let seen = new Map<string, number>(); ; seen = await to.arrivals()) {
        const at = [...seen.values()][0];
        if (at !== undefined) {
          waits.push(at - before);
          break;
        }
        await new Promise((r) => setTimeout(r, 2));
      }
    }
    abort.abort();
    await running;
    await listener.close();
    return [
      { what: "bare undici loop, 64 at once", "per second": round(bare, 0), ratio: 1, "p50 ms": "", "p99 ms": "" },
      {
        what: `outbox, backlog of ${BACKLOG} over ${SINKS} sinks`,
        "per second": round(perSecond, 0),
        ratio: round(perSecond / bare, 2),
        "p50 ms": "",
        "p99 ms": "",
      },
      {
        what: "outbox, one at a time, before its insert → arrival",
        "per second": "",
        ratio: "",
        "p50 ms": round(percentile(waits, 50)),
        "p99 ms": round(percentile(waits, 99)),
      },
    ];
  } finally {
    to.stop();
    await db.close();
  }
}
