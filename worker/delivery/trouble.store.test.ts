// What a sink in trouble costs: nothing that was accepted, no place of another sink, and no page that nobody gets.
import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createLog } from "#lib/adapters/log";
import { places, secrets } from "#lib/adapters/secrets";
import { sender } from "#lib/adapters/send";
import { type Actor, execute } from "#lib/commands/command";
import { redriveAll } from "#lib/commands/delivery/redrive-all";
import { incidentById } from "#lib/commands/incident/row";
import { tell } from "#lib/commands/incident/tell";
import { setFallback } from "#lib/commands/sink/fallback";
import { enableSink } from "#lib/commands/sink/switch";
import { sink as sinkPage } from "#lib/queries/sinks";
import { deliveries } from "#lib/queries/deliveries";
import { whyPaged } from "#lib/queries/incident/why";
import type { SinkBases } from "#lib/sinks/sink";
import { type TestClock, testClock } from "#lib/testing/clock";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { type TestReceiver, testReceiver } from "#lib/testing/receiver";
import { testSettings } from "#lib/testing/settings";
import { Breakers } from "./breaker.ts";
import { deadLetterWatch } from "./dead-letters.ts";
import { takeOtherRoads } from "./fallback.ts";
import { Outbox } from "./outbox.ts";

const START = new Date("2026-11-21T12:00:00Z");
const WORKER = "00000000-0000-4000-8000-0000000000a1";
const SECOND = 1_000;
let db: TestDatabase;
let vendor: TestReceiver;
let clock: TestClock;
let forget: () => void;
let tenantId: string;
let ana: Actor;
let number = 0;

beforeAll(async () => {
  db = await testDatabase();
  vendor = await testReceiver();
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
  tenantId = (await makeTenant(db)).id;
  await db.sql(
    "INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at) VALUES ($1, $2, '127.0.0.1/32', 'receiver of the test', now())",
    [tenantId, randomUUID()],
  );
  ana = { personId: randomUUID(), name: "Ana", tenantId, layers: ["operator"] };
});

/** A process that sends: the outbox with the gate of the worker. */
function worker(name = "one") {
  const log = createLog("test", "fatal");
  const gate = new Breakers(db.workerDb, db.sweeper, log);
  const d = {
    db: db.workerDb,
    box: secrets(),
    bases: { discord: `${vendor.url}/discord` } as SinkBases,
    send: sender(() => undefined),
    random: () => 0,
  };
  const outbox = new Outbox(d, db.sweeper, name, log, gate);
  return {
    gate,
    async send() {
      await outbox.settleAll();
      await gate.idle();
    },
  };
}

async function hook(path: string): Promise<string> {
  const id = randomUUID();
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  const sealed = await secrets().seal(db.workerDb, places.sink(tenantId, id), JSON.stringify({ secret }));
  return makeSink(db, tenantId, { id, kind: "webhook", name: path, config: { url: `${vendor.url}${path}` }, sealed });
}

async function incident(severity = "P1"): Promise<string> {
  const id = randomUUID();
  const serverId = await makeServer(db, tenantId);
  await db.sql(
    `INSERT INTO incident (tenant_id, id, number, subject_kind, server_id, subject_name, fingerprint, dedup_key, state, severity, status, reason, opened_at, started_at, last_bad_slot, policy)
     VALUES ($1, $2::uuid, $3, 'server', $4, 'A server', $2::text, $2::text, 'open', $6, 'down', 'timeout', $5, $5, $5, '{}')`,
    [tenantId, id, ++number, serverId, clock.now(), severity],
  );
  return id;
}

const page = async (incidentId: string, ...sinks: string[]) =>
  db.workerDb.withTenant({ tenantId, actorId: WORKER }, async (tx) => {
    const about = await incidentById(tx, incidentId);
    if (about !== null) await tell(tx, tenantId, about, "trigger", sinks, clock.now());
  });
const pages = async (n: number, ...sinks: string[]) => {
  for (let i = 0; i < n; i++) await page(await incident(), ...sinks);
};
const arrived = (path: string) => vendor.got.filter((g) => g.path === path);
const read = <T>(work: Parameters<typeof db.appDb.withTenant<T>>[1]) =>
  db.appDb.withTenant({ tenantId, actorId: ana.personId }, work);
const states = async (sinkId: string) =>
  (await db.sql<{ state: string }>("SELECT state FROM delivery WHERE sink_id = $1 ORDER BY ordinal", [sinkId])).map(
    (r) => r.state,
  );
const failing = (path: string) => vendor.on(path, () => ({ status: 500 }));

describe("the breaker", () => {
  test("opens after five failures in a row: what waits there says why, and is not even tried", async () => {
    failing("/ill");
    const ill = await hook("/ill");
    await pages(8, ill);
    const one = worker();
    await one.send();
    await one.send();
    const tried = arrived("/ill").length;
    expect(tried).toBeGreaterThanOrEqual(5);
    expect(tried).toBeLessThanOrEqual(8);
    clock.advance(29 * SECOND);
    await one.send();
    expect(arrived("/ill")).toHaveLength(tried);
    const shown = await read((tx) => sinkPage(tx, ill));
    expect(shown?.trouble).toMatchObject({
      kind: "failing",
      since: START.getTime(),
      nextTryAt: START.getTime() + 30_000,
    });
    const rows = await read((tx) => deliveries(tx, { sinkId: ill }));
    expect(rows.filter((r) => r.waits !== null)).toHaveLength(8);
    expect(rows[0]?.waits).toMatch(
      /^Waits: the sink has failed \d times in a row; it is tried again at 12:00:30 UTC\.$/,
    );
  });

  test("is half open after its pause: one try, a longer pause when that fails, and everything at once when it succeeds", async () => {
    failing("/ill");
    const ill = await hook("/ill");
    await pages(8, ill);
    const one = worker();
    await one.send();
    const before = arrived("/ill").length;
    clock.advance(30 * SECOND);
    await one.send();
    expect(arrived("/ill")).toHaveLength(before + 1);
    clock.advance(59 * SECOND);
    await one.send();
    expect(arrived("/ill")).toHaveLength(before + 1);
    vendor.on("/ill", () => ({ status: 200 }));
    clock.advance(SECOND);
    await one.send();
    await one.send();
    expect(new Set(await states(ill))).toEqual(new Set(["sent"]));
    expect((await read((tx) => sinkPage(tx, ill)))?.trouble).toBeNull();
  });

  test("what one process has found, another one knows; and whoever saves the sink anew has it tried at once", async () => {
    failing("/ill");
    const ill = await hook("/ill");
    await pages(6, ill);
    await worker().send();
    const before = arrived("/ill").length;
    const two = worker("two");
    await pages(1, ill);
    await two.send();
    expect(arrived("/ill")).toHaveLength(before);
    clock.advance(2 * SECOND);
    await db.sql("UPDATE sink SET updated_at = $2 WHERE id = $1", [ill, clock.now()]);
    await two.send();
    expect(arrived("/ill").length).toBeGreaterThan(before);
  });
});

test("a Retry-After holds the whole sink, not only the delivery that was told of it", async () => {
  vendor.on("/busy", () => ({ status: 429, headers: { "retry-after": "90" } }));
  const busy = await hook("/busy");
  await pages(1, busy);
  const one = worker();
  await one.send();
  await pages(3, busy);
  clock.advance(89 * SECOND);
  await one.send();
  expect(arrived("/busy")).toHaveLength(1);
  expect((await read((tx) => sinkPage(tx, busy)))?.trouble).toMatchObject({ kind: "asked", failures: 0 });
  vendor.on("/busy", () => ({ status: 200 }));
  clock.advance(2 * SECOND);
  await one.send();
  await one.send();
  expect(await states(busy)).toEqual(["sent", "sent", "sent", "sent"]);
});

test("a vendor's limit is kept before it has to refuse: five requests to a Discord webhook in any two seconds", async () => {
  const id = randomUUID();
  const webhookUrl = `https://discord.com/api/webhooks/123456789012345678/${"t".repeat(60)}`;
  const sealed = await secrets().seal(db.workerDb, places.sink(tenantId, id), JSON.stringify({ webhookUrl }));
  await makeSink(db, tenantId, { id, kind: "discord", sealed });
  const path = `/discord/webhooks/123456789012345678/${"t".repeat(60)}`;
  vendor.on(path, () => ({ status: 200, body: JSON.stringify({ id: "1", channel_id: "2" }) }));
  await pages(12, id);
  const one = worker();
  await one.send();
  expect(arrived(path)).toHaveLength(5);
  clock.advance(1_900);
  await one.send();
  expect(arrived(path)).toHaveLength(5);
  clock.advance(101);
  await one.send();
  expect(arrived(path)).toHaveLength(10);
});

describe("another road", () => {
  test("two hours of 5xx: the fallback is told after two minutes, and the page arrives once when it is over", async () => {
    failing("/ill");
    const [ill, other] = [await hook("/ill"), await hook("/other")];
    await execute(db.appDb, setFallback, ana, { sinkId: other, afterMinutes: "2" });
    const id = await incident();
    await page(id, ill);
    const one = worker();
    for (let s = 0; s < 2 * 3_600; s += 10) {
      if (s === 110) expect(arrived("/other")).toHaveLength(0);
      await takeOtherRoads(db.workerDb, db.sweeper, clock.now());
      await one.send();
      if (s === 120) expect(arrived("/other")).toHaveLength(1);
      clock.advance(10 * SECOND);
    }
    expect(arrived("/ill").length).toBeGreaterThan(5);
    const ids = new Set(arrived("/ill").map((g) => g.headers["webhook-id"]));
    vendor.clear();
    for (let s = 0; s < 3_600; s += 10) {
      await takeOtherRoads(db.workerDb, db.sweeper, clock.now());
      await one.send();
      clock.advance(10 * SECOND);
    }
    expect(arrived("/ill").map((g) => ids.has(g.headers["webhook-id"]))).toEqual([true]);
    expect(arrived("/other")).toHaveLength(0);
    const why = await read((tx) => whyPaged(tx, id, clock.now()));
    expect(why.filter((w) => w.sinkId === other)).toMatchObject([{ paged: true, reason: "sent" }]);
    const said = await db.sql("SELECT sentence FROM incident_event WHERE incident_id = $1 AND decision = 'fell_back'", [
      id,
    ]);
    expect(said).toEqual([
      { sentence: "/ill has not taken this for 2 min: telling /other as well, marked as the fallback." },
    ]);
  });

  test("with nobody left to tell, that is said once, and a sink that is added later is told after all", async () => {
    failing("/ill");
    const id = await incident();
    await page(id, await hook("/ill"));
    const one = worker();
    await one.send();
    clock.advance(150 * SECOND);
    for (let i = 0; i < 3; i++) await takeOtherRoads(db.workerDb, db.sweeper, clock.now());
    expect(
      await db.sql("SELECT 1 FROM incident_event WHERE incident_id = $1 AND decision = 'no_other_road'", [id]),
    ).toHaveLength(1);
    await hook("/late");
    await takeOtherRoads(db.workerDb, db.sweeper, clock.now());
    await one.send();
    expect(arrived("/late")).toHaveLength(1);
  });

  test("an acknowledged incident takes no other road", async () => {
    failing("/ill");
    const id = await incident();
    await page(id, await hook("/ill"));
    await hook("/other");
    await db.sql("UPDATE incident SET state = 'acknowledged' WHERE id = $1", [id]);
    clock.advance(300 * SECOND);
    expect(await takeOtherRoads(db.workerDb, db.sweeper, clock.now())).toBe(0);
  });
});

describe("dead letters", () => {
  const alerts = () =>
    db.sql<{ state: string; subject_name: string; evidence: string }>(
      "SELECT state, subject_name, evidence FROM incident WHERE tenant_id = $1 AND subject_kind = 'sink' ORDER BY number",
      [tenantId],
    );

  test("a sink that refuses for good is one incident, told by the others, and over when it takes something again", async () => {
    vendor.on("/gone", () => ({ status: 410 }));
    const gone = await hook("/gone");
    await hook("/other");
    await pages(3, gone);
    const one = worker();
    const look = deadLetterWatch(db.workerDb, db.sweeper, createLog("test", "fatal"));
    await one.send();
    for (let i = 0; i < 3; i++) {
      clock.advance(10 * SECOND);
      await look(clock.now());
    }
    await one.send();
    expect(await alerts()).toMatchObject([{ state: "open", subject_name: "/gone" }]);
    expect(arrived("/other").map((g) => g.body.type)).toEqual(["tocsin.incident.triggered"]);

    vendor.on("/gone", () => ({ status: 200 }));
    await execute(db.appDb, enableSink, ana, { sinkId: gone });
    await look(clock.now());
    expect(await alerts()).toMatchObject([{ state: "open" }]);
    clock.advance(10 * SECOND);
    expect(await execute(db.appDb, redriveAll, ana, { sinkId: gone })).toEqual({ deliveries: 3 });
    await one.send();
    expect(await states(gone)).toEqual(["sent", "sent", "sent"]);
    await look(clock.now());
    await one.send();
    expect(await alerts()).toMatchObject([{ state: "resolved" }]);
    expect(arrived("/other").map((g) => g.body.type)).toEqual([
      "tocsin.incident.triggered",
      "tocsin.incident.resolved",
    ]);
  });

  test("a notice that was given up after its day is told by another sink, and the one that failed is not asked to", async () => {
    failing("/ill");
    const ill = await hook("/ill");
    await hook("/other");
    await page(await incident("P2"), ill);
    const one = worker();
    for (let h = 0; h < 26; h++) {
      await one.send();
      clock.advance(3_600 * SECOND);
    }
    expect(await states(ill)).toEqual(["dead"]);
    await deadLetterWatch(db.workerDb, db.sweeper, createLog("test", "fatal"))(clock.now());
    await one.send();
    expect(await alerts()).toMatchObject([{ state: "open", evidence: expect.stringContaining("/ill was given up") }]);
    expect(await states(ill)).toEqual(["dead", "withheld"]);
    expect(arrived("/other")).toHaveLength(1);
  });

  test("what dies at a sink that a person has disabled is nobody's alarm", async () => {
    const off = await hook("/off");
    await page(await incident(), off);
    await db.sql("UPDATE sink SET state = 'disabled', disabled_reason = 'Disabled by hand.' WHERE id = $1", [off]);
    await worker().send();
    expect(await states(off)).toEqual(["dead"]);
    await deadLetterWatch(db.workerDb, db.sweeper, createLog("test", "fatal"))(clock.now());
    expect(await alerts()).toEqual([]);
  });
});
