// A tenant is erased while its page is under way and its probe results arrive: what is in flight meets nobody, ends
// without an error, and leaves no row behind.
import { randomBytes, randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { places, secrets } from "#lib/adapters/secrets";
import { askFor } from "#lib/commands/approval/ask";
import { decide as decideApproval } from "#lib/commands/approval/decide";
import { type TestClock, testClock } from "#lib/testing/clock";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { makePerson, rootActor } from "#lib/testing/people";
import { aSealedSlot } from "#lib/testing/sealed";
import { testSettings } from "#lib/testing/settings";
import { decide } from "../pipeline/decide.ts";
import { escalate } from "../pipeline/escalate.ts";
import { markUnlooked } from "../watch/servers.ts";
import { claim } from "./claim.ts";
import { Outbox } from "./outbox.ts";

let db: TestDatabase;
let clock: TestClock;
let forget: () => void;
let tenantId: string;
let serverId: string;
const lines: string[] = [];
const log = pino({ level: "warn" }, { write: (line: string) => void lines.push(line) });

beforeEach(async () => {
  db = await testDatabase();
  clock = testClock();
  forget = testSettings(db);
  lines.length = 0;
  tenantId = (await makeTenant(db)).id;
  serverId = await makeServer(db, tenantId, { fireAfter: 1 });
});
afterEach(async () => {
  forget();
  clock.restore();
  await db.close();
});

async function erase(): Promise<void> {
  const [ada, bob] = [
    await makePerson(db, { groups: ["tocsin-root"] }),
    await makePerson(db, { groups: ["tocsin-root"] }),
  ];
  const root = (id: string) => rootActor(id, clock.now());
  const { id } = await askFor(
    db.appDb,
    "tenant.erase",
    root(ada),
    { tenantId },
    "They left and asked for it in writing",
  );
  await decideApproval(db.appDb, id, root(bob), "approve", "I have read their letter of last week");
}

async function left(): Promise<string[]> {
  const tables = await db.sql<{ t: string }>(
    `SELECT c.oid::regclass::text AS t FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition`,
  );
  const found: string[] = [];
  for (const { t } of tables)
    if ((await db.sql(`SELECT 1 FROM ${t} WHERE tenant_id = $1 LIMIT 1`, [tenantId])).length > 0) found.push(t);
  return found;
}

test("a page that a vendor is just reading: its answer is dropped, no line of error, nothing comes back", async () => {
  const sinkId = randomUUID();
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  const sealed = await secrets().seal(db.workerDb, places.sink(tenantId, sinkId), JSON.stringify({ secret }));
  await makeSink(db, tenantId, { id: sinkId, kind: "webhook", config: { url: "https://hooks.example.com/x" }, sealed });
  const slot = clock.now().getTime() - 60_000;
  await decide(db.workerDb, aSealedSlot({ tenantId, serverId, slot }, { fra: "timeout", iad: "timeout" }), clock.now());
  let reading = () => {};
  const isReading = new Promise<void>((resolve) => {
    reading = resolve;
  });
  let answer = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const send = async () => {
    reading();
    await answered;
    return { status: 200, headers: {}, body: "{}" };
  };
  const outbox = new Outbox(
    { db: db.workerDb, box: secrets(), bases: {} as never, send: send as never, random: () => 0 },
    db.sweeper,
    "one",
    log,
  );
  const settled = outbox.settleAll();
  await isReading;
  const [delivery] = await db.sql<{ id: string }>("SELECT id FROM delivery WHERE tenant_id = $1", [tenantId]);
  await erase();
  answer();
  await settled;
  expect(await claim(db.workerDb, [{ tenantId, id: delivery?.id ?? "", sinkId }], "two", clock.now())).toEqual({
    claimed: [],
    moved: 0,
    faults: [],
  });
  expect(lines).toEqual([]);
  expect(await left()).toEqual([]);
});

test("probe results, a step of an incident and the look of the watch that come after it decide nothing", async () => {
  const slot = clock.now().getTime() - 60_000;
  const sealed = aSealedSlot({ tenantId, serverId, slot }, { fra: "timeout", iad: "timeout" });
  const { incidentId } = await decide(db.workerDb, sealed, clock.now());
  expect(incidentId).not.toBeNull();
  await erase();
  expect(await decide(db.workerDb, { ...sealed, slot: slot + 60_000 }, clock.now())).toMatchObject({
    outcome: "ignored",
  });
  expect(await escalate(db.workerDb, tenantId, incidentId ?? "", clock.now())).toBe(false);
  const unlooked = { tenantId, id: serverId } as Parameters<typeof markUnlooked>[1];
  expect(await markUnlooked(db.workerDb, unlooked, "not_checked", false, clock.now())).toBeNull();
  expect(await left()).toEqual([]);
});
