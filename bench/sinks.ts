// Ten sinks; in every other round four of them are in trouble: one takes the connection and never answers, one answers
// 500, one 429 with a Retry-After, one after two seconds. What the six others notice of that, against their own rounds.
import { randomBytes, randomUUID } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { listen } from "#lib/adapters/listen";
import { createLog } from "#lib/adapters/log";
import { places, secretBox } from "#lib/adapters/secrets";
import { sender } from "#lib/adapters/send";
import type { NoticeContent } from "#lib/domain/notice";
import type { SinkBases } from "#lib/sinks/sink";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeSink, makeTenant } from "#lib/testing/make";
import { Breakers } from "../worker/delivery/breaker.ts";
import { Outbox } from "../worker/delivery/outbox.ts";
import { percentile, type Row, receiver, round } from "./parts.ts";

const ROUNDS = 12;
const PER_ROUND = 200;
const EVERY_MS = 10;
const WELL = 6;
const FAULTS = ["/silent", "/500", "/429", "/slow"] as const;
const SLOW_MS = 2_000;
const WAIT_MS = 10_000;

const content: NoticeContent = {
  ...{ title: "Example is not working: connection refused", serverName: "Example", tenantName: "Bench" },
  ...{ serverUrl: "https://mcp.example.com/mcp", severity: "P1", status: "down", reason: "connection_refused" },
  ...{ reasonLabel: "Connection refused", advice: "Start it.", evidence: "Refused.", regions: [], drill: false },
  ...{ startedAt: "2026-11-21T12:00:00.000Z", at: "2026-11-21T12:03:00.000Z" },
  incidentUrl: "https://tocsin.example.com/incidents/1",
};
const epochMs = () => performance.timeOrigin + performance.now();

export async function benchSinks(): Promise<Row[]> {
  const [db, to, faulty] = [await testDatabase(), await receiver(), await faults()];
  const box = secretBox(randomBytes(32));
  const { id: tenantId } = await makeTenant(db);
  await db.sql(
    "INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at) VALUES ($1, $2, '127.0.0.1/32', 'receivers of the bench', now())",
    [tenantId, randomUUID()],
  );
  const hook = async (name: string, url: string) => {
    const id = randomUUID();
    const secret = JSON.stringify({ secret: `whsec_${randomBytes(32).toString("base64")}` });
    const sealed = await box.seal(db.workerDb, places.sink(tenantId, id), secret);
    return makeSink(db, tenantId, { id, kind: "webhook", name, config: { url }, sealed });
  };
  const well = await Promise.all(Array.from({ length: WELL }, (_, i) => hook(`well ${i}`, to.url)));
  const spare = await Promise.all(FAULTS.map((_, i) => hook(`spare ${i}`, to.url)));
  const ill = await Promise.all(FAULTS.map((path) => hook(path, `${faulty.url}${path}`)));
  const log = createLog("bench", "fatal");
  const d = { db: db.workerDb, box, bases: {} as SinkBases, send: sender(() => undefined), random: Math.random };
  const outbox = new Outbox(d, db.sweeper, "bench", log, new Breakers(db.workerDb, db.sweeper, log));
  const over = new AbortController();
  const wakes = listen(db.workerUrl, ["tocsin_outbox"], () => outbox.wake());
  const running = outbox.run(over.signal, () => {});
  const waits: Record<"well" | "trouble", number[]> = { well: [], trouble: [] };
  try {
    await oneRound(db, tenantId, well, spare, to); // Connections and code are warm then.
    for (let n = 0; n < 2 * ROUNDS; n++) {
      // Half of the pairs begin with the trouble, so that neither side has the later, warmer place.
      const trouble = n % 2 === (Math.floor(n / 2) % 2 === 0 ? 1 : 0);
      waits[trouble ? "trouble" : "well"].push(...(await oneRound(db, tenantId, well, trouble ? ill : spare, to)));
      // What they did not take would be tried again in the rounds without trouble, which would then be none.
      await db.sql(
        "UPDATE delivery SET state = 'withheld', reason = 'The round is over.' WHERE sink_id = ANY ($1::uuid[]) AND state = 'pending'",
        [ill],
      );
      // Saved anew, each is tried again from the start: trouble that is known already would cost nothing.
      await db.sql("UPDATE sink SET updated_at = clock_timestamp() WHERE id = ANY ($1::uuid[])", [ill]);
    }
  } finally {
    over.abort();
    faulty.stop();
    await wakes.close();
    await running;
    to.stop();
    await db.close();
  }
  const line = (what: string, list: number[]) => ({
    what,
    samples: list.length,
    "p50 ms": round(percentile(list, 50), 2),
    "p95 ms": round(percentile(list, 95), 2),
    "p99 ms": round(percentile(list, 99), 2),
  });
  const ratio = (p: number) => round(percentile(waits.trouble, p) / percentile(waits.well, p), 2);
  return [
    line("six sinks, all ten well", waits.well),
    line("the same six, four others in trouble", waits.trouble),
    { what: "ratio", samples: "", "p50 ms": ratio(50), "p95 ms": ratio(95), "p99 ms": ratio(99) },
    { what: `requests that ${FAULTS.join(", ")} got`, samples: faulty.counts().join(", ") },
  ];
}

/** One notice every 10 ms, to all ten in turn. @returns ms from before the commit to the arrival, of the six */
async function oneRound(
  db: TestDatabase,
  tenantId: string,
  well: readonly string[],
  others: readonly string[],
  to: Awaited<ReturnType<typeof receiver>>,
): Promise<number[]> {
  const sinks = [...well, ...others];
  const began = new Map<string, number>();
  const start = performance.now();
  const writing: Promise<unknown>[] = [];
  for (let i = 0; i < PER_ROUND; i++) {
    const late = start + i * EVERY_MS - performance.now();
    if (late > 0) await new Promise((next) => setTimeout(next, late));
    const [id, sinkId] = [randomUUID(), sinks[i % sinks.length] ?? ""];
    if (i % sinks.length < WELL) began.set(id, epochMs());
    writing.push(
      db.sql(
        `WITH n AS (INSERT INTO notice (tenant_id, id, kind, dedup_key, content, at) VALUES ($1, gen_random_uuid(), 'test', 'bench', $2, clock_timestamp()) RETURNING id),
         d AS (INSERT INTO delivery (tenant_id, id, notice_id, sink_id, kind, due_at, created_at)
           SELECT $1, $3, n.id, $4, 'test', clock_timestamp(), clock_timestamp() FROM n RETURNING 1)
         SELECT pg_notify('tocsin_outbox', '') FROM d`,
        [tenantId, JSON.stringify(content), id, sinkId],
      ),
    );
  }
  await Promise.all(writing);
  const waits: number[] = [];
  for (const end = performance.now() + WAIT_MS; began.size > 0 && performance.now() < end; ) {
    for (const [id, at] of await to.arrivals()) {
      const from = began.get(id);
      if (from !== undefined) waits.push(at - from);
      began.delete(id);
    }
    await new Promise((again) => setTimeout(again, 50));
  }
  if (began.size > 0) throw new Error(`${began.size} notices to sinks that work did not arrive within ${WAIT_MS} ms`);
  return waits;
}

async function faults(): Promise<{ url: string; counts(): number[]; stop(): void }> {
  const counts = new Map<string, number>();
  const server = createServer((request, response: ServerResponse) => {
    const path = request.url ?? "";
    counts.set(path, (counts.get(path) ?? 0) + 1);
    request.resume();
    if (path === "/500") response.writeHead(500).end();
    else if (path === "/429") response.writeHead(429, { "retry-after": "2" }).end();
    else if (path === "/slow") setTimeout(() => response.writeHead(204).end(), SLOW_MS);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts: () => FAULTS.map((path) => counts.get(path) ?? 0),
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
