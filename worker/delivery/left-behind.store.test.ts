// What one trouble may not do to the rest: a fault of a moment, a refusal that cannot be written down, a tenant that
// nobody can be told of, or a sink that is left alone.
import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Db } from "#lib/adapters/db";
import { createLog } from "#lib/adapters/log";
import { places, secrets } from "#lib/adapters/secrets";
import { sender } from "#lib/adapters/send";
import { execute } from "#lib/commands/command";
import { redriveAll } from "#lib/commands/delivery/redrive-all";
import { incidentById } from "#lib/commands/incident/row";
import { tell } from "#lib/commands/incident/tell";
import type { SinkBases } from "#lib/sinks/sink";
import { type TestClock, testClock } from "#lib/testing/clock";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { type TestReceiver, testReceiver } from "#lib/testing/receiver";
import { testSettings } from "#lib/testing/settings";
import { stuckNow } from "../selfcheck.ts";
import { Breakers } from "./breaker.ts";
import { deadLetterWatch } from "./dead-letters.ts";
import { takeOtherRoads } from "./fallback.ts";
import { Outbox } from "./outbox.ts";

const START = new Date("2026-11-21T12:00:00Z");
const WORKER = "00000000-0000-4000-8000-0000000000a1";
const MINUTE = 60_000;
const log = createLog("test", "silent" as "fatal");
let db: TestDatabase;
let vendor: TestReceiver;
let clock: TestClock;
let forget: () => void;
let number = 0;

beforeAll(async () => {
  [db, vendor] = await Promise.all([testDatabase(), testReceiver()]);
  clock = testClock(START);
  forget = testSettings(db);
});
afterAll(async () => {
  await vendor.close();
  clock.restore();
  forget();
  await db.close();
});
beforeEach(async () => {
  vendor.clear();
  clock.set(START);
  await db.sql(
    "UPDATE delivery SET state = 'withheld', lease_until = NULL WHERE state IN ('pending', 'leased', 'dead')",
  );
  await db.sql("UPDATE incident SET state = 'resolved', resolved_at = $1 WHERE state <> 'resolved'", [START]);
});

async function tenant(): Promise<string> {
  const { id } = await makeTenant(db);
  await db.sql(
    "INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at) VALUES ($1, $2, '127.0.0.1/32', 'receiver of the test', now())",
    [id, randomUUID()],
  );
  return id;
}

async function hook(of: string, path: string): Promise<string> {
  const id = randomUUID();
  const secret = JSON.stringify({ secret: `whsec_${randomBytes(32).toString("base64")}` });
  const sealed = await secrets().seal(db.workerDb, places.sink(of, id), secret);
  return makeSink(db, of, { id, kind: "webhook", name: path, config: { url: `${vendor.url}${path}` }, sealed });
}

/** Open, P1, and told to these sinks. */
async function incident(of: string, ...sinks: string[]): Promise<string> {
  const id = randomUUID();
  await db.sql(
    `INSERT INTO incident (tenant_id, id, number, subject_kind, server_id, subject_name, fingerprint, dedup_key, state, severity, status, reason, opened_at, started_at, last_bad_slot, policy)
     VALUES ($1, $2::uuid, $3, 'server', $4, 'A server', $2::text, $2::text, 'open', 'P1', 'down', 'timeout', $5, $5, $5, '{}')`,
    [of, id, ++number, await makeServer(db, of), clock.now()],
  );
  await db.workerDb.withTenant({ tenantId: of, actorId: WORKER }, async (tx) => {
    const about = await incidentById(tx, id);
    if (about !== null) await tell(tx, of, about, "trigger", sinks, clock.now());
  });
  return id;
}

function outbox(over: { db?: Db; gate?: Breakers } = {}): Outbox {
  const d = {
    db: over.db ?? db.workerDb,
    box: secrets(),
    bases: {} as SinkBases,
    send: sender(() => undefined),
    random: () => 0,
  };
  return new Outbox(d, db.sweeper, "one", log, over.gate);
}

const arrived = (path: string) => vendor.got.filter((g) => g.path === path);

/** The database without the first `n` transactions of a tenant. */
function failing(n: number): Db {
  let left = n;
  return {
    ...db.workerDb,
    withTenant: (...args) =>
      left-- > 0 ? Promise.reject(new Error("deadlock detected")) : db.workerDb.withTenant(...args),
  };
}

test("a dead letter whose alert could not be written down alerts at the next look", async () => {
  const of = await tenant();
  const ill = await hook(of, "/ill");
  await hook(of, "/other");
  await incident(of, ill);
  await db.sql("UPDATE delivery SET state = 'dead', settled_at = $1 WHERE sink_id = $2", [clock.now(), ill]);
  const look = deadLetterWatch(failing(1), db.sweeper, log);
  await expect(look(clock.now())).rejects.toThrow("deadlock");
  clock.advance(10_000);
  expect(await look(clock.now())).toBe(1);
});

test("a refusal that cannot be written down keeps none of those back that were claimed with it", async () => {
  const of = await tenant();
  const [off, well] = [await hook(of, "/off"), await hook(of, "/well")];
  await incident(of, off);
  await incident(of, well);
  await db.sql("UPDATE sink SET state = 'disabled' WHERE id = $1", [off]);
  await outbox({ db: failing(1) }).settleAll();
  expect(arrived("/well")).toHaveLength(1);
});

test("a tenant whose hundreds of pages have no other road keeps no other tenant from its own", async () => {
  const [full, other] = [await tenant(), await tenant()];
  const only = await hook(full, "/only");
  const first = await incident(full, only);
  await db.sql(
    `WITH i AS (INSERT INTO incident (tenant_id, id, number, subject_kind, server_id, subject_name, fingerprint, dedup_key, state, severity, status, reason, opened_at, started_at, last_bad_slot, policy)
       SELECT tenant_id, gen_random_uuid(), 10000 + n, subject_kind, server_id, subject_name, 'full' || n, 'full' || n, state, severity, status, reason, opened_at, started_at, last_bad_slot, policy
       FROM incident, generate_series(1, 300) n WHERE id = $1 RETURNING tenant_id, id, dedup_key),
     n AS (INSERT INTO notice (tenant_id, id, incident_id, kind, dedup_key, content, at)
       SELECT tenant_id, gen_random_uuid(), id, 'trigger', dedup_key, '{}', $3 FROM i RETURNING tenant_id, id, incident_id),
     e AS (INSERT INTO incident_event (tenant_id, incident_id, at, stage, decision, sentence) SELECT tenant_id, id, $3, 'deliver', 'no_other_road', '' FROM i)
     INSERT INTO delivery (tenant_id, id, notice_id, incident_id, sink_id, kind, state, due_at, created_at)
     SELECT tenant_id, gen_random_uuid(), id, incident_id, $2, 'trigger', 'dead', $3, $3 FROM n`,
    [first, only, clock.now()],
  );
  clock.advance(MINUTE);
  const [ill, well] = [await hook(other, "/ill"), await hook(other, "/well")];
  const id = await incident(other, ill);
  clock.advance(2 * MINUTE);
  await takeOtherRoads(db.workerDb, db.sweeper, clock.now());
  expect(await db.sql("SELECT 1 FROM delivery WHERE incident_id = $1 AND sink_id = $2", [id, well])).toHaveLength(1);
});

test("sent again by hand, a sink gets no old code", async () => {
  const of = await tenant();
  const sink = await hook(of, "/well");
  await incident(of, sink);
  await db.sql(
    `WITH n AS (INSERT INTO notice (tenant_id, id, kind, dedup_key, content, at) VALUES ($1, gen_random_uuid(), 'challenge', 'c', '{}', $3) RETURNING id)
     INSERT INTO delivery (tenant_id, id, notice_id, sink_id, kind, due_at, created_at) SELECT $1, gen_random_uuid(), n.id, $2, 'challenge', $3, $3 FROM n`,
    [of, sink, clock.now()],
  );
  await db.sql("UPDATE delivery SET state = 'dead', settled_at = $1 WHERE sink_id = $2", [clock.now(), sink]);
  const ana = { personId: randomUUID(), name: "Ana", tenantId: of, layers: ["operator"] as const };
  expect(await execute(db.appDb, redriveAll, ana, { sinkId: sink })).toEqual({ deliveries: 1 });
});

test("what waits for a sink that is left alone is not stuck; what waits long after its next try is", async () => {
  const of = await tenant();
  const ill = await hook(of, "/ill");
  vendor.on("/ill", () => ({ status: 500 }));
  for (let i = 0; i < 7; i++) await incident(of, ill);
  const gate = new Breakers(db.workerDb, db.sweeper, log);
  const one = outbox({ gate });
  for (let m = 0; m < 60; m++) {
    await one.settleAll();
    await gate.idle();
    expect(await stuckNow(db.sweeper, clock.now())).toEqual({ incidents: 0, deliveries: 0, named: [] });
    clock.advance(MINUTE / 2);
  }
  clock.advance(20 * MINUTE);
  expect((await stuckNow(db.sweeper, clock.now())).deliveries).toBeGreaterThan(0);
});

test("what waits for the end of an erasure takes nobody's place, however many sinks it is for", async () => {
  const [leaving, other] = [await tenant(), await tenant()];
  for (let i = 0; i < 17; i++) {
    const sink = await hook(leaving, `/leaving/${i}`);
    await db.sql(
      `WITH n AS (INSERT INTO notice (tenant_id, id, kind, dedup_key, content, at) SELECT $1, gen_random_uuid(), 'test', 'c', '{}', $3 FROM generate_series(1, 4) RETURNING id)
       INSERT INTO delivery (tenant_id, id, notice_id, sink_id, kind, due_at, created_at) SELECT $1, gen_random_uuid(), n.id, $2, 'test', $3, $3 FROM n`,
      [leaving, sink, clock.now()],
    );
  }
  clock.advance(1_000);
  await incident(other, await hook(other, "/well"));
  await db.workerDb.global(async (tx) => {
    await tx.$queryRaw`SELECT pg_advisory_xact_lock(7270741, hashtext(${leaving}))::text`;
    await outbox().settleAll();
  });
  expect(arrived("/well")).toHaveLength(1);
});

test("a long line before a vendor's limit is not stuck while it moves", async () => {
  const of = await tenant();
  const sink = await hook(of, "/busy");
  for (let i = 0; i < 3; i++) await incident(of, sink);
  clock.advance(15 * MINUTE);
  expect((await stuckNow(db.sweeper, clock.now())).deliveries).toBe(3);
  await db.sql(
    "UPDATE delivery SET state = 'sent', settled_at = $1 WHERE id = (SELECT id FROM delivery WHERE sink_id = $2 ORDER BY ordinal LIMIT 1)",
    [clock.now(), sink],
  );
  expect((await stuckNow(db.sweeper, clock.now())).deliveries).toBe(0);
  clock.advance(11 * MINUTE);
  expect((await stuckNow(db.sweeper, clock.now())).deliveries).toBe(2);
});
