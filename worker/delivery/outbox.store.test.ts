// Over 300 lines: the promises of the outbox are one table of races, ends and faults, read best in one place.
import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Db } from "#lib/adapters/db";
import { isOutage } from "#lib/adapters/outage";
import { createLog } from "#lib/adapters/log";
import { places, secrets } from "#lib/adapters/secrets";
import { sender } from "#lib/adapters/send";
import { type Actor, execute } from "#lib/commands/command";
import { redriveDelivery } from "#lib/commands/delivery/redrive";
import { acknowledgeIncident } from "#lib/commands/incident/acknowledge";
import { closeIncident } from "#lib/commands/incident/close";
import { incidentById } from "#lib/commands/incident/row";
import { tell } from "#lib/commands/incident/tell";
import { enableSink } from "#lib/commands/sink/switch";
import type { NoticeKind } from "#lib/domain/notice";
import type { SinkBases } from "#lib/sinks/sink";
import { type TestClock, testClock } from "#lib/testing/clock";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { type Reply, type TestReceiver, testReceiver } from "#lib/testing/receiver";
import { testSettings } from "#lib/testing/settings";
import { claim } from "./claim.ts";
import { dispatch } from "./dispatch.ts";
import { Outbox } from "./outbox.ts";
import { Settler } from "./settle.ts";

const START = new Date("2026-11-21T12:00:00Z");
const WORKER = "00000000-0000-4000-8000-0000000000a1";
let db: TestDatabase;
let vendor: TestReceiver;
let clock: TestClock;
let forget: () => void;
let tenantId: string;
let serverId: string;
let ana: Actor;
let number = 0;
const made: Outbox[] = [];

beforeAll(async () => {
  db = await testDatabase();
  vendor = await testReceiver();
  clock = testClock(START);
  forget = testSettings(db);
});
afterAll(async () => {
  await vendor.close();
  await db.sql("UPDATE delivery SET state = 'dead', lease_until = NULL WHERE state IN ('pending', 'leased')");
  await Promise.all(made.map((o) => o.settleAll()));
  clock.restore();
  forget();
  await db.close();
});
beforeEach(async () => {
  vendor.clear();
  clock.set(START);
  await db.sql("UPDATE delivery SET state = 'dead', lease_until = NULL WHERE state IN ('pending', 'leased')");
  tenantId = await tenant();
  serverId = await makeServer(db, tenantId);
  ana = { personId: randomUUID(), name: "Ana", tenantId, layers: ["operator"] };
});

function outbox(holder = "one", over: { db?: Db; random?: number } = {}): Outbox {
  const bases = { discord: `${vendor.url}/discord` } as SinkBases;
  const one = new Outbox(
    {
      db: over.db ?? db.workerDb,
      box: secrets(),
      bases,
      send: sender(() => undefined),
      random: () => over.random ?? 0,
    },
    db.sweeper,
    holder,
    createLog("test", "fatal"),
  );
  made.push(one);
  return one;
}

async function tenant(): Promise<string> {
  const { id } = await makeTenant(db);
  await db.sql(
    "INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at) VALUES ($1, $2, '127.0.0.1/32', 'receiver of the test', now())",
    [id, randomUUID()],
  );
  return id;
}

/** A webhook sink that posts to this path of the receiver. */
async function hook(path = "/ok", of = tenantId): Promise<string> {
  const id = randomUUID();
  const sealed = await secrets().seal(
    db.workerDb,
    places.sink(of, id),
    JSON.stringify({ secret: `whsec_${randomBytes(32).toString("base64")}` }),
  );
  return makeSink(db, of, { id, kind: "webhook", name: path, config: { url: `${vendor.url}${path}` }, sealed });
}

async function incident(of = tenantId, server = serverId): Promise<string> {
  const id = randomUUID();
  await db.sql(
    `INSERT INTO incident (tenant_id, id, number, subject_kind, server_id, subject_name, fingerprint, dedup_key, state, severity, status, reason, opened_at, started_at, last_bad_slot, policy)
     VALUES ($1, $2::uuid, $3, 'server', $4, 'A server', $2::text, $2::text, 'open', 'P1', 'down', 'timeout', $5, $5, $5, '{}')`,
    [of, id, ++number, server, clock.now()],
  );
  return id;
}

async function say(incidentId: string, kind: NoticeKind, ...sinks: string[]): Promise<void> {
  await db.workerDb.withTenant({ tenantId, actorId: WORKER }, async (tx) => {
    const about = await incidentById(tx, incidentId);
    if (about === null) throw new Error("no incident");
    await tell(tx, tenantId, about, kind, sinks, clock.now());
  });
}

/** The end as the pipeline writes it. */
const close = (incidentId: string) =>
  db.workerDb.withTenant({ tenantId, actorId: WORKER }, async (tx) => {
    const about = await incidentById(tx, incidentId);
    return (
      about !== null && closeIncident(tx, about, { tenantId, now: clock.now(), sentence: "Three good slots in a row." })
    );
  });

/** `count` incidents with one trigger each at this sink, due since `due`. */
async function backlog(
  sinkId: string,
  count: number,
  due = clock.now(),
  of = tenantId,
  server = serverId,
): Promise<void> {
  const id = await incident(of, server);
  await db.sql(
    `WITH i AS (INSERT INTO incident (tenant_id, id, number, subject_kind, server_id, subject_name, fingerprint, dedup_key, state, severity, status, reason, opened_at, started_at, last_bad_slot, policy)
       SELECT tenant_id, gen_random_uuid(), number + n * 100000, subject_kind, server_id, subject_name, fingerprint || n, dedup_key || n, state, severity, status, reason, opened_at, started_at, last_bad_slot, policy
       FROM incident, generate_series(1, $2::int) n WHERE id = $1::uuid RETURNING tenant_id, id, dedup_key),
     n AS (INSERT INTO notice (tenant_id, id, incident_id, kind, dedup_key, content, at)
       SELECT tenant_id, gen_random_uuid(), id, 'trigger', dedup_key, $3, $4 FROM i RETURNING tenant_id, id, incident_id)
     INSERT INTO delivery (tenant_id, id, notice_id, incident_id, sink_id, kind, due_at, created_at) SELECT tenant_id, gen_random_uuid(), id, incident_id, $5::uuid, 'trigger', $4, $4 FROM n`,
    [id, count, JSON.stringify(CONTENT), due, sinkId],
  );
}
const CONTENT = {
  ...{
    title: "Down",
    serverName: "A server",
    serverUrl: "https://mcp.example.com/mcp",
    tenantName: "T",
    severity: "P1",
    status: "down",
    reason: "timeout",
    reasonLabel: "Timeout",
    advice: "",
    evidence: "",
  },
  ...{
    regions: [],
    startedAt: START.toISOString(),
    at: START.toISOString(),
    incidentUrl: "https://tocsin.example.com/incidents/1",
    drill: false,
  },
};

const rows = (of = tenantId) =>
  db.sql(
    "SELECT d.*, s.name FROM delivery d JOIN sink s ON s.id = d.sink_id WHERE d.tenant_id = $1 ORDER BY d.ordinal",
    [of],
  );
const states = async (of = tenantId) => (await rows(of)).map((d) => `${d.kind} ${d.state}`);
const arrived = (path: string) => vendor.got.filter((g) => g.path === path);
const types = (path: string) => arrived(path).map((g) => String(g.body["type"]).replace("tocsin.incident.", ""));
const tries = async (deliveryId: string) =>
  (await db.sql("SELECT outcome FROM delivery_try WHERE delivery_id = $1 ORDER BY number", [deliveryId])).map(
    (t) => t.outcome,
  );

function held(): { answer: () => Promise<Reply>; reached: Promise<void>; release(reply?: Reply): void } {
  let release!: (reply: Reply) => void;
  let reach!: () => void;
  const reply = new Promise<Reply>((resolve) => (release = resolve));
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const answer = () => {
    reach();
    return reply;
  };
  return { answer, reached, release: (r = { status: 200 }) => release(r) };
}

describe("claims", () => {
  test("of two outboxes on one backlog each delivery is sent once", async () => {
    for (let i = 0; i < 5; i++) await backlog(await hook(`/race${i}`), 8);
    await Promise.all([outbox("one"), outbox("two")].map((o) => o.settleAll()));
    expect(vendor.got).toHaveLength(40);
    expect(new Set(vendor.got.map((g) => g.headers["webhook-id"])).size).toBe(40);
    expect(new Set(await states())).toEqual(new Set(["trigger sent"]));
  });

  test("a lease that ran out is taken over, and the late answer of its old holder changes nothing", async () => {
    const sink = await hook("/held");
    await say(await incident(), "trigger", sink);
    const first = held();
    const second = held();
    let calls = 0;
    vendor.on("/held", () => (++calls === 1 ? first : second).answer());
    const [one, two] = [outbox("one"), outbox("two")];
    await one.pass();
    await first.reached;
    expect(await two.pass()).toBe(0);
    clock.advance(31_000);
    expect(await two.pass()).toBe(1);
    await second.reached;
    first.release({ status: 400 });
    await one.settleAll();
    expect(await rows()).toMatchObject([{ state: "leased", leased_by: "two", tries: 2, may_have_arrived: true }]);
    second.release();
    await two.settleAll();
    const [delivery] = await rows();
    expect(delivery).toMatchObject({ state: "sent", reason: "Accepted." });
    expect(await tries(delivery?.["id"])).toEqual(["lost", "sent"]);
    expect(new Set(arrived("/held").map((g) => g.headers["webhook-id"])).size).toBe(1);
  });

  test.each([
    ["is renewed before the request", false, 1],
    ["and has gone to another process sends nothing", true, 0],
  ])("a lease that is nearly over when its turn comes %s", async (_what, taken, requests) => {
    await say(await incident(), "trigger", await hook("/old"));
    const { claimed } = await claim(
      db.workerDb,
      (await rows()).map((d) => ({ tenantId, id: d["id"], sinkId: d["sink_id"] })),
      "one",
      clock.now(),
    );
    const mine = claimed[0];
    if (mine === undefined) throw new Error("nothing was claimed");
    if (taken) await db.sql("UPDATE delivery SET token = token + 1 WHERE tenant_id = $1", [tenantId]);
    clock.advance(20_000);
    let lease: Date | undefined;
    vendor.on("/old", async () => {
      lease = (await rows())[0]?.["lease_until"];
      return { status: 200 };
    });
    await dispatch(
      { db: db.workerDb, box: secrets(), bases: {} as SinkBases, send: sender(() => undefined), random: () => 0 },
      { ...mine, leasedMs: mine.leasedMs - 20_000 },
    );
    expect(arrived("/old")).toHaveLength(requests);
    if (!taken) expect(lease).toEqual(new Date(clock.now().getTime() + 30_000));
    expect(await states()).toEqual([taken ? "trigger leased" : "trigger sent"]);
  });

  test("a clock that jumps ahead does not make a process take over what it is sending itself", async () => {
    await say(await incident(), "trigger", await hook("/jump"));
    const slow = held();
    vendor.on("/jump", () => slow.answer());
    const one = outbox();
    await one.pass();
    await slow.reached;
    clock.advance(3_600_000);
    expect(await one.pass()).toBe(0);
    slow.release();
    await one.settleAll();
    expect(arrived("/jump")).toHaveLength(1);
    expect(await states()).toEqual(["trigger sent"]);
  });

  test("an answer is written down although the database is away when it comes", async () => {
    await say(await incident(), "trigger", await hook("/away"));
    let failures = 0;
    vendor.on("/away", () => {
      failures = 3;
      return { status: 200 };
    });
    const away: Db = {
      ...db.workerDb,
      across: (fn) =>
        failures-- > 0
          ? Promise.reject(Object.assign(new Error("connect"), { code: "ECONNREFUSED" }))
          : db.workerDb.across(fn),
    };
    await outbox("one", { db: away }).settleAll();
    expect(await states()).toEqual(["trigger sent"]);
    expect(arrived("/away")).toHaveLength(1);
  });
});

describe("together", () => {
  const due = () =>
    db.sql<{ tenant_id: string; id: string; sink_id: string }>(
      "SELECT tenant_id, id, sink_id FROM delivery WHERE state = 'pending' ORDER BY ordinal",
    );
  const claimAll = async () =>
    claim(
      db.workerDb,
      (await due()).map((d) => ({ tenantId: d.tenant_id, id: d.id, sinkId: d.sink_id })),
      "one",
      clock.now(),
    );

  test("one claim leases what several tenants have due, and passes over the one that is being erased", async () => {
    const others = [await tenant(), await tenant()];
    await say(await incident(), "trigger", await hook("/mine"));
    for (const other of others)
      await backlog(await hook("/theirs", other), 1, clock.now(), other, await makeServer(db, other));
    const erased = others[0] as string;
    let failed = () => {};
    let begun = () => {};
    const isBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const erasing = db.workerDb.global(async (tx) => {
      await tx.$queryRaw`SELECT pg_advisory_xact_lock(7270741, hashtext(${erased}))::text`;
      begun();
      await new Promise<void>((resolve) => {
        failed = resolve;
      });
    });
    await isBegun;
    const { claimed, moved } = await claimAll();
    failed();
    await erasing;
    expect(moved).toBe(2);
    expect(new Set(claimed.map((c) => c.tenantId))).toEqual(new Set([tenantId, others[1]]));
    expect((await due()).map((d) => d.tenant_id)).toEqual([erased]);
  });

  test("of tries that are written down at once, one that the database refuses does not keep back its neighbours", async () => {
    await backlog(await hook("/many"), 3);
    const { claimed } = await claimAll();
    const settler = new Settler(db.workerDb);
    const result = { judgement: { verdict: "sent" as const }, status: 200, startedAt: clock.now(), durationMs: 1 };
    const ends = await Promise.allSettled(
      claimed.map((one, i) => settler.settle(i === 1 ? { ...one, tries: 2 ** 40 } : one, result, clock.now(), 0)),
    );
    expect(ends.map((e) => e.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect((await states()).sort()).toEqual(["trigger leased", "trigger sent", "trigger sent"]);
  });

  test("of tries that are written down at once, one whose incident somebody holds keeps back none of its neighbours", async () => {
    const [held, free] = [await incident(), await incident()];
    await say(held, "trigger", await hook("/held"));
    await say(free, "trigger", await hook("/free"));
    const { claimed } = await claimAll();
    const settler = new Settler(db.workerDb);
    const result = { status: 500, startedAt: clock.now(), durationMs: 1 };
    const judgement = { verdict: "retry" as const, reason: "Not now.", maybe: false };
    await db.workerDb.withTenant({ tenantId, actorId: WORKER }, async (tx) => {
      await tx.$queryRaw`SELECT 1 FROM incident WHERE id = ${held}::uuid FOR UPDATE`;
      const ends = await Promise.allSettled(
        claimed.map((one) => settler.settle(one, { ...result, judgement }, clock.now(), 0)),
      );
      expect(ends.map((e) => e.status).sort()).toEqual(["fulfilled", "rejected"]);
      // Waited for as for a database that is away: the answer is not thrown away.
      expect(ends.flatMap((e) => (e.status === "rejected" ? [isOutage(e.reason)] : []))).toEqual([true]);
    });
    expect((await states()).sort()).toEqual(["trigger leased", "trigger pending"]);
  });

  test("of tries that are written down at once, one whose token went to another process changes nothing", async () => {
    await backlog(await hook("/fenced"), 2);
    const { claimed } = await claimAll();
    await db.sql("UPDATE delivery SET token = token + 1 WHERE id = $1", [claimed[0]?.id]);
    const settler = new Settler(db.workerDb);
    const result = { judgement: { verdict: "sent" as const }, status: 200, startedAt: clock.now(), durationMs: 1 };
    await Promise.all(claimed.map((one) => settler.settle(one, result, clock.now(), 0)));
    expect(await tries(claimed[0]?.id ?? "")).toEqual([]);
    expect(await tries(claimed[1]?.id ?? "")).toEqual(["sent"]);
    expect((await states()).sort()).toEqual(["trigger leased", "trigger sent"]);
  });
});

describe("order", () => {
  test("notices of one incident reach a sink in their order, and wait while an earlier one is tried again", async () => {
    const [waiting, other] = [await hook("/order"), await hook("/other")];
    const id = await incident();
    await say(id, "trigger", waiting, other);
    await say(id, "update", waiting, other);
    vendor.on("/order", () => ({ status: 429, headers: { "retry-after": "60" } }));
    await outbox().settleAll();
    expect(types("/other")).toEqual(["triggered", "updated"]);
    expect(types("/order")).toEqual(["triggered"]);
    vendor.on("/order", () => ({ status: 200 }));
    clock.advance(61_000);
    await close(id);
    await outbox().settleAll();
    expect(types("/other")).toEqual(["triggered", "updated", "resolved"]);
    expect(types("/order")).toEqual(["triggered"]);
  });

  test("what one sink remembers of the trigger is there for the resolve, and no other sink's", async () => {
    const discord = async () => {
      const id = randomUUID();
      const path = `/api/webhooks/${"1".repeat(18)}/${id.replaceAll("-", "_")}`;
      const sealed = await secrets().seal(
        db.workerDb,
        places.sink(tenantId, id),
        JSON.stringify({ webhookUrl: `https://discord.com${path}` }),
      );
      return {
        id: await makeSink(db, tenantId, { id, kind: "discord", name: "chat", sealed }),
        path: `/discord${path.slice(4)}`,
      };
    };
    const [a, b] = [await discord(), await discord()];
    for (const [sink, message] of [
      [a, "111"],
      [b, "222"],
    ] as const) {
      vendor.on(sink.path, () => ({ status: 200, body: JSON.stringify({ id: message }) }));
      vendor.on(`${sink.path}/messages/${message}`, () => ({ status: 200, body: JSON.stringify({ id: message }) }));
    }
    const id = await incident();
    await say(id, "trigger", a.id, b.id);
    await outbox().settleAll();
    await close(id);
    await outbox().settleAll();
    expect(vendor.got.map((g) => `${g.method} ${g.path}`).sort()).toEqual(
      [`POST ${a.path}`, `POST ${b.path}`, `PATCH ${a.path}/messages/111`, `PATCH ${b.path}/messages/222`].sort(),
    );
  });
});

describe("what is no longer wanted", () => {
  test.each<[NoticeKind, string, RegExp]>([
    ["trigger", "acknowledged", /acknowledged the incident before/],
    ["trigger", "resolved", /resolved before this was sent/],
    ["update", "acknowledged", /acknowledged the incident before/],
    ["acknowledge", "open", /open again/],
    ["acknowledge", "acknowledged", /never told/],
    ["resolve", "resolved", /never told/],
    ["resolve", "open", /not resolved any more/],
  ])("a %s of an incident that is %s is withheld with its reason, on the timeline too", async (kind, state, reason) => {
    const id = await incident();
    await say(id, kind, await hook());
    await db.sql(
      "UPDATE incident SET state = $2, resolved_at = CASE WHEN $2 = 'resolved' THEN now() END WHERE id = $1",
      [id, state],
    );
    await outbox().settleAll();
    expect(vendor.got).toEqual([]);
    expect(await rows()).toMatchObject([
      { state: "withheld", reason: expect.stringMatching(reason), tries: 0, lease_until: null },
    ]);
    expect(await db.sql("SELECT decision, sentence FROM incident_event WHERE incident_id = $1", [id])).toMatchObject([
      { decision: "withheld", sentence: expect.stringMatching(reason) },
    ]);
  });

  test("a pass that only withholds counts as work, so that what waited behind it goes at once", async () => {
    const id = await incident();
    await say(id, "acknowledge", await hook());
    expect(await outbox().pass()).toBe(1);
  });

  test.each(["resolved", "acknowledged"] as const)(
    "a trigger that may have arrived is not sent again once the incident is %s: its end goes out at once, by its key",
    async (how) => {
      const id = await incident();
      await say(id, "trigger", await hook("/maybe"));
      vendor.on("/maybe", () => ({ status: 503, headers: { "retry-after": "3600" } }));
      await outbox().settleAll();
      vendor.on("/maybe", () => ({ status: 200 }));
      if (how === "resolved") await close(id);
      else await execute(db.appDb, acknowledgeIncident, ana, { incidentId: id });
      await outbox().settleAll();
      expect(types("/maybe")).toEqual(["triggered", how]);
      expect((await states())[0]).toBe("trigger withheld");
    },
  );

  test("a trigger under way when the incident ends is not tried again, and what may be there is closed without waiting", async () => {
    const id = await incident();
    await say(id, "trigger", await hook("/race"));
    const slow = held();
    vendor.on("/race", () => slow.answer());
    const one = outbox();
    await one.pass();
    await slow.reached;
    await close(id);
    vendor.on("/race", () => ({ status: 200 }));
    slow.release({ status: 503, headers: { "retry-after": "3600" } });
    await one.settleAll();
    expect(types("/race")).toEqual(["triggered", "resolved"]);
    expect(await states()).toEqual(["trigger withheld", "resolve sent"]);
  });

  test("a dead trigger that may have arrived is not sent again by a redrive after the all-clear", async () => {
    const id = await incident();
    await say(id, "trigger", await hook("/redrive"));
    await db.sql("UPDATE delivery SET state = 'dead', may_have_arrived = true WHERE tenant_id = $1", [tenantId]);
    await close(id);
    await outbox().settleAll();
    expect(types("/redrive")).toEqual(["resolved"]);
    await execute(db.appDb, redriveDelivery, ana, { deliveryId: (await rows())[0]?.["id"] });
    await outbox().settleAll();
    expect(types("/redrive")).toEqual(["resolved"]);
    expect(await states()).toEqual(["trigger withheld", "resolve sent"]);
  });

  test("a trigger of which one request of several was accepted counts as told, dead or waiting", async () => {
    for (const state of ["dead", "pending"]) {
      const id = await incident();
      await say(id, "trigger", await hook(`/part-${state}`));
      await db.sql(
        `UPDATE delivery SET state = $2, memory = '{"told":"x:1"}', due_at = now() + interval '1 h' WHERE incident_id = $1`,
        [id, state],
      );
      await close(id);
      await outbox().settleAll();
      expect(types(`/part-${state}`)).toEqual(["resolved"]);
    }
  });
});

describe("a sink that is disabled", () => {
  test("gets nothing: what is due dies with that reason, and goes when the sink is enabled and the delivery sent again", async () => {
    const sink = await hook("/off");
    await say(await incident(), "trigger", sink);
    await db.sql("UPDATE sink SET state = 'disabled', disabled_reason = 'Disabled by hand.' WHERE id = $1", [sink]);
    await outbox().settleAll();
    const [dead] = await rows();
    expect(dead).toMatchObject({ state: "dead", reason: "The sink is disabled: Disabled by hand.", tries: 0 });
    expect(vendor.got).toEqual([]);
    await expect(execute(db.appDb, redriveDelivery, ana, { deliveryId: dead?.["id"] })).rejects.toMatchObject({
      code: "E_STATE",
    });
    await execute(db.appDb, enableSink, ana, { sinkId: sink });
    await execute(db.appDb, redriveDelivery, ana, { deliveryId: dead?.["id"] });
    await expect(execute(db.appDb, redriveDelivery, ana, { deliveryId: dead?.["id"] })).rejects.toMatchObject({
      code: "E_STATE",
    });
    await outbox().settleAll();
    expect(types("/off")).toEqual(["triggered"]);
    expect(await states()).toEqual(["trigger sent"]);
  });

  test("because its settings no longer parse is disabled loudly, with an audit row, and a permanent refusal does the same", async () => {
    const [broken, gone] = [await hook("/broken"), await hook("/gone")];
    await db.sql("UPDATE sink SET config = '{\"url\": 5}' WHERE id = $1", [broken]);
    vendor.on("/gone", () => ({ status: 410 }));
    await say(await incident(), "trigger", broken, gone);
    await outbox().settleAll();
    expect(await states()).toEqual(["trigger dead", "trigger dead"]);
    expect(
      await db.sql("SELECT name, state, disabled_reason FROM sink WHERE tenant_id = $1 ORDER BY name", [tenantId]),
    ).toMatchObject([
      { name: "/broken", state: "disabled", disabled_reason: expect.stringContaining("no longer valid") },
      { name: "/gone", state: "disabled", disabled_reason: expect.stringContaining("410") },
    ]);
    const audited = await db.sql("SELECT action, actor, target FROM audit.event WHERE tenant_id = $1 ORDER BY target", [
      tenantId,
    ]);
    expect(audited).toEqual(
      [broken, gone].sort().map((id) => ({ action: "sink.disable", actor: WORKER, target: `sink:${id}` })),
    );
  });
});

describe("tries", () => {
  test("a Retry-After is honoured to the second", async () => {
    await say(await incident(), "trigger", await hook("/later"));
    vendor.on("/later", () => ({ status: 429, headers: { "retry-after": "120" } }));
    await outbox().settleAll();
    expect(await rows()).toMatchObject([
      { state: "pending", due_at: new Date(START.getTime() + 120_000), may_have_arrived: false },
    ]);
    clock.advance(119_000);
    expect(await outbox().pass()).toBe(0);
    clock.advance(1_000);
    await outbox().settleAll();
    expect(arrived("/later")).toHaveLength(2);
  });

  test("after 24 h it is dead, and a try that may have arrived is remembered even if it was the last", async () => {
    const id = await incident();
    await say(id, "trigger", await hook("/never"));
    vendor.on("/never", () => ({ status: 429 }));
    await outbox().settleAll();
    clock.advance(24 * 3_600_000);
    vendor.on("/never", () => ({ status: 500 }));
    await outbox().settleAll();
    expect(await rows()).toMatchObject([{ state: "dead", may_have_arrived: true, tries: 2 }]);
    vendor.on("/never", () => ({ status: 200 }));
    await close(id);
    await outbox().settleAll();
    expect(types("/never").at(-1)).toBe("resolved");
  });

  test("sent again by hand, a delivery is tried as often as a new one", async () => {
    await say(await incident(), "trigger", await hook("/again"));
    await db.sql("UPDATE delivery SET state = 'dead', tries = 30 WHERE tenant_id = $1", [tenantId]);
    vendor.on("/again", () => ({ status: 429 }));
    await execute(db.appDb, redriveDelivery, ana, { deliveryId: (await rows())[0]?.["id"] });
    for (const ceilingS of [5, 10, 20]) {
      const at = clock.now().getTime();
      await outbox("one", { random: 0.999 }).settleAll();
      const due = (await rows())[0]?.["due_at"].getTime() - at;
      expect([due > ceilingS * 900, due <= ceilingS * 1000]).toEqual([true, true]);
      clock.advance(due);
    }
    expect(await rows()).toMatchObject([{ tries: 33 }]);
  });

  test("a notice that cannot be put into words is tried again and dies, instead of being leased for ever", async () => {
    await say(await incident(), "trigger", await hook("/words"));
    await db.sql("UPDATE notice SET content = '{}' WHERE tenant_id = $1", [tenantId]);
    await outbox().settleAll();
    expect(await rows()).toMatchObject([{ state: "pending", may_have_arrived: false }]);
    clock.advance(24 * 3_600_000);
    await outbox().settleAll();
    expect(await rows()).toMatchObject([{ state: "dead" }]);
  });

  test("a delivery whose sender dies every time ends after a day and many tries", async () => {
    await say(await incident(), "trigger", await hook("/killer"));
    await db.sql("UPDATE delivery SET state = 'leased', lease_until = $2, tries = 30 WHERE tenant_id = $1", [
      tenantId,
      START,
    ]);
    clock.advance(24 * 3_600_000 + 1);
    await outbox().settleAll();
    expect(vendor.got).toEqual([]);
    expect(await rows()).toMatchObject([{ state: "dead", reason: expect.stringContaining("stopped") }]);
  });
});

describe("sinks fail apart", () => {
  test("one that never answers, with 500 deliveries due for longer, does not hold up another", async () => {
    const [hole, fine] = [await hook("/hole"), await hook("/fine")];
    vendor.on("/hole", () => "silence");
    await backlog(hole, 500, new Date(START.getTime() - 60_000));
    await backlog(fine, 1);
    const one = outbox();
    expect(await one.pass()).toBe(5);
    while (!(await states()).includes("trigger sent")) await new Promise((r) => setTimeout(r, 5));
    expect(arrived("/hole").length).toBeLessThanOrEqual(4);
    expect(await one.pass()).toBe(0);
  });

  test("thirty that never answer do not take every place there is", async () => {
    for (let i = 0; i < 30; i++) {
      vendor.on(`/hole${i}`, () => "silence");
      await backlog(await hook(`/hole${i}`), 10, new Date(START.getTime() - 60_000));
    }
    await backlog(await hook("/fine"), 1);
    const abort = new AbortController();
    const t0 = performance.now();
    void outbox().run(abort.signal, () => {});
    while (!(await states()).includes("trigger sent") && performance.now() - t0 < 14_000)
      await new Promise((r) => setTimeout(r, 20));
    abort.abort();
    expect(arrived("/fine")).toHaveLength(1);
    expect(performance.now() - t0).toBeLessThan(6_000);
  });

  test("one that is disabled with 300 deliveries waiting does not hold up another", async () => {
    const [off, fine] = [await hook("/off"), await hook("/fine")];
    await db.sql("UPDATE sink SET state = 'disabled' WHERE id = $1", [off]);
    await backlog(off, 300, new Date(START.getTime() - 60_000));
    await backlog(fine, 1);
    const one = outbox();
    expect(await one.pass()).toBe(5);
    await one.settleAll();
    expect(new Set(await states())).toEqual(new Set(["trigger dead", "trigger sent"]));
  });

  test("a delivery that cannot even be claimed holds up neither its tenant nor another", async () => {
    const poison = await hook("/poison");
    const id = await incident();
    await say(id, "trigger", poison);
    await say(id, "update", poison);
    await db.sql("UPDATE delivery SET memory = '5', state = 'dead' WHERE incident_id = $1 AND kind = 'trigger'", [id]);
    await backlog(await hook("/mine"), 1);
    const other = await tenant();
    await backlog(await hook("/theirs", other), 1, clock.now(), other, await makeServer(db, other));
    const one = outbox();
    await one.settleAll();
    expect([arrived("/mine"), arrived("/theirs")].map((got) => got.length)).toEqual([1, 1]);
    expect(await one.pass()).toBe(0);
  });
});
