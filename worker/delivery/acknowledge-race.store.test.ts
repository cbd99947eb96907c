// Everybody acknowledges at once, by every road, while a step is due at the same moment: one of them is first, and after
// that nobody is paged.
import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLog } from "#lib/adapters/log";
import { places, secrets } from "#lib/adapters/secrets";
import { sender } from "#lib/adapters/send";
import { type Actor, execute } from "#lib/commands/command";
import { acknowledgeIncident } from "#lib/commands/incident/acknowledge";
import { fromOutside, type Outside } from "#lib/commands/incident/from-outside";
import { incidentById } from "#lib/commands/incident/row";
import { tell } from "#lib/commands/incident/tell";
import { TocsinError } from "#lib/domain/error";
import type { SinkBases } from "#lib/sinks/sink";
import { type TestClock, testClock } from "#lib/testing/clock";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { type TestReceiver, testReceiver } from "#lib/testing/receiver";
import { testSettings } from "#lib/testing/settings";
import { escalateDue } from "../pipeline/escalate.ts";
import { Outbox } from "./outbox.ts";

const ROUNDS = 24;
const START = Date.parse("2026-11-21T12:00:00Z");
const WORKER = "00000000-0000-4000-8000-0000000000a1";
let db: TestDatabase;
let vendor: TestReceiver;
let clock: TestClock;
let forget: () => void;
let outbox: Outbox;
let tenantId: string;
let serverId: string;
const sinks = { chat: "", phone: "", slack: "", pagerduty: "", opsgenie: "" };

beforeAll(async () => {
  [db, vendor] = await Promise.all([testDatabase(), testReceiver()]);
  clock = testClock(new Date(START));
  forget = testSettings(db);
  const deps = {
    db: db.workerDb,
    box: secrets(),
    bases: {} as SinkBases,
    send: sender(() => undefined),
    random: () => 0,
  };
  outbox = new Outbox(deps, db.sweeper, "race", createLog("race", "fatal"));
  tenantId = (await makeTenant(db)).id;
  serverId = await makeServer(db, tenantId);
  await db.sql(
    "INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at) VALUES ($1, $2, '127.0.0.1/32', 'receiver of the test', now())",
    [tenantId, randomUUID()],
  );
  for (const path of ["chat", "phone"] as const) {
    const id = randomUUID();
    const hidden = JSON.stringify({ secret: `whsec_${randomBytes(32).toString("base64")}` });
    const sealed = await secrets().seal(db.workerDb, places.sink(tenantId, id), hidden);
    const config = { url: `${vendor.url}/${path}` };
    sinks[path] = await makeSink(db, tenantId, { id, kind: "webhook", name: path, config, sealed });
  }
  for (const kind of ["slack", "pagerduty", "opsgenie"] as const)
    sinks[kind] = await makeSink(db, tenantId, { kind, name: kind });
});
afterAll(async () => {
  await vendor.close();
  await outbox.settleAll();
  clock.restore();
  forget();
  await db.close();
});

/** Its first step told chat; its second, the phone, is due now. */
async function incident(number: number): Promise<string> {
  const id = randomUUID();
  const target = (sinkId: string) => [{ sinkId, severities: ["P1"] }];
  const steps = [
    { afterMinutes: 0, targets: target(sinks.chat) },
    { afterMinutes: 5, targets: target(sinks.phone) },
  ];
  await db.sql(
    `INSERT INTO incident (tenant_id, id, number, subject_kind, server_id, subject_name, fingerprint, dedup_key, state, severity, status, reason,
       opened_at, started_at, last_bad_slot, policy, step, next_step_at)
     VALUES ($1, $2::uuid, $3, 'server', $4, 'A server', $2::text, 'tocsin-' || $2, 'open', 'P1', 'down', 'timeout', $5, $5, $5, $6, 1, $5)`,
    [tenantId, id, number, serverId, clock.now(), JSON.stringify({ name: "Race", steps })],
  );
  await db.workerDb.withTenant({ tenantId, actorId: WORKER }, async (tx) => {
    const about = await incidentById(tx, id);
    if (about !== null) await tell(tx, tenantId, about, "trigger", [sinks.chat], clock.now());
  });
  await outbox.settleAll();
  return id;
}

const actor = (name: string): Actor => ({ personId: randomUUID(), name, tenantId, layers: ["operator"] });
const outside = (road: Outside["road"], incidentId: string, name: string) =>
  fromOutside(
    db.appDb,
    {
      ...{ tenantId, sinkId: sinks[road], road, key: randomUUID(), verb: "acknowledge", who: { name } },
      incident: road === "slack" ? { id: incidentId } : { dedupKey: `tocsin-${incidentId}` },
    },
    clock.now(),
  ).then((came) => `${came.outcome}: ${came.reason}`);
const inside = (incidentId: string, name: string, by: "console" | "link") =>
  execute(db.appDb, acknowledgeIncident, actor(name), { incidentId, by }).then(
    () => "done: ",
    (error: unknown) => `already: ${error instanceof TocsinError ? error.message : String(error)}`,
  );

/** The same order for the same round, and another for the next. */
function turned<T>(list: readonly T[], by: number): T[] {
  const from = by % list.length;
  const rest = [...list.slice(from), ...list.slice(0, from)];
  return by % 2 === 0 ? rest : rest.toReversed();
}

const paged = () => vendor.got.filter((g) => g.path === "/phone" && String(g.body["type"]).includes("trigger")).length;

test(`of five who acknowledge at once one is first, in ${ROUNDS} rounds: one row, the others are told so, and nobody is paged after it`, async () => {
  const seen = { inFlight: 0, stepped: 0, paged: 0, first: new Set<string>() };
  for (let round = 0; round < ROUNDS; round++) {
    clock.set(new Date(START + round * 3 * 3_600_000));
    vendor.clear();
    const id = await incident(round + 1);
    vendor.clear();
    let committed = false;
    const late: string[] = [];
    vendor.on("/phone", (got) => {
      if (committed) late.push(String(got.body["type"]));
      return { status: 200 };
    });
    const said: string[] = [];
    const acknowledging = (work: () => Promise<string>) => async () => {
      const came = await work();
      if (came.startsWith("done")) committed = true;
      said.push(came);
    };
    const escalating = async () => void (await escalateDue(db.workerDb, db.sweeper, clock.now()));
    const all = [
      acknowledging(() => inside(id, "Ana", "console")),
      escalating,
      acknowledging(() => outside("slack", id, "Ben")),
      async () => void (await outbox.pass()),
      acknowledging(() => outside("pagerduty", id, "Cem")),
      acknowledging(() => inside(id, "Dee", "link")),
      async () => {
        await escalating();
        await outbox.pass();
      },
      acknowledging(() => outside("opsgenie", id, "Eve")),
      async () => void (await outbox.pass()),
    ];
    await Promise.all(turned(all, round).map((work) => work()));
    const during = late.filter((type) => type.includes("trigger")).length;
    await outbox.settleAll();
    const pagedByThen = paged();

    expect(said.filter((s) => s.startsWith("done"))).toHaveLength(1);
    const rows = await db.sql(
      "SELECT decision, data FROM incident_event WHERE incident_id = $1 AND decision = 'acknowledged'",
      [id],
    );
    expect(rows).toHaveLength(1);
    const by = String((rows[0]?.["data"] as { by?: string } | undefined)?.by);
    seen.first.add(by);
    expect(said.filter((s) => s.startsWith("already"))).toHaveLength(4);
    for (const other of said.filter((s) => s.startsWith("already"))) expect(other).toContain(`acknowledged by ${by}`);

    // A page that was claimed before the acknowledge may have been on its way: at most the one that was due.
    expect(pagedByThen).toBeLessThanOrEqual(1);
    seen.inFlight += during;
    seen.paged += pagedByThen;
    const [delivery] = await db.sql(
      "SELECT state FROM delivery WHERE incident_id = $1 AND sink_id = $2 AND kind = 'trigger'",
      [id, sinks.phone],
    );
    if (delivery !== undefined) seen.stepped++;
    expect(delivery?.["state"] ?? "none").toMatch(pagedByThen === 1 ? /^sent$/ : /^(none|withheld)$/);

    // From then on: whatever the clock says and whoever looks, no page.
    clock.advance(2 * 3_600_000);
    await escalateDue(db.workerDb, db.sweeper, clock.now());
    await outbox.settleAll();
    expect(paged()).toBe(pagedByThen);
    const audited = await db.sql("SELECT 1 FROM audit.event WHERE target = $1 AND action = 'incident.acknowledge'", [
      `incident:${id}`,
    ]);
    expect(audited).toHaveLength(1);
    const told = vendor.got.filter((g) => g.path === "/chat" && String(g.body["type"]).includes("acknowledge"));
    expect(told).toHaveLength(1);
  }
  // The rounds did meet each other: not always the same one was first, and the step was taken in some of them.
  expect(seen.first.size).toBeGreaterThan(1);
  expect(seen.inFlight).toBeLessThanOrEqual(ROUNDS);
  expect(seen.stepped).toBeGreaterThan(0);
  expect(seen.paged).toBeLessThanOrEqual(seen.stepped);
}, 60_000);

test("a page that is due when somebody acknowledges is taken back, and its reason stands on the timeline", async () => {
  clock.set(new Date(START + 400 * 3_600_000));
  vendor.clear();
  const id = await incident(ROUNDS + 1);
  await escalateDue(db.workerDb, db.sweeper, clock.now());
  await outside("pagerduty", id, "Ada");
  vendor.clear();
  await outbox.settleAll();
  expect(paged()).toBe(0);
  const rows = await db.sql("SELECT sentence FROM incident_event WHERE incident_id = $1 AND decision = 'withheld'", [
    id,
  ]);
  expect(rows.map((r) => r["sentence"])).toEqual([
    "phone: the trigger was not sent. Acknowledged by Ada via PagerDuty before this was sent.",
  ]);
});
