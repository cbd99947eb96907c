// Over 300 lines: three flavours share one road. The whole road in one process, with the emulated vendors at its end: only the failure is made up.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { type Actor, execute } from "#lib/commands/command";
import { runDrill } from "#lib/commands/drill/run";
import { acknowledgeIncident } from "#lib/commands/incident/acknowledge";
import {
  BUDGET_STEPS,
  CLUSTER_STEPS,
  type Flavour,
  DRILL_ANSWER_MS,
  DRILL_ENDS_MS,
  DRILL_STEPS,
} from "#lib/domain/drill";
import { DRILL_BUDGET, DRILL_HOUR_MS, DRILL_OVER } from "#lib/domain/drill-budget";
import { createSink } from "#lib/commands/sink/create";
import { drills } from "#lib/queries/drills";
import { heldRows } from "#lib/queries/held";
import { servers } from "#lib/queries/servers";
import { makeServer } from "#lib/testing/make";
import { ALL_SINKS, type Road, road } from "#lib/testing/road";
import { aSealedSlot } from "#lib/testing/sealed";
import { whatIsOwed } from "../after/owed.ts";
import { followClusters } from "../storm/clusters.ts";
import { sendDigests } from "../delivery/digest.ts";
import { decide } from "../pipeline/decide.ts";
import { fleetReader } from "../probe/fleet.ts";
import { closeAbandoned, findUnlooked } from "../watch/servers.ts";
import { moveDrills } from "./drills.ts";

let r: Road;
beforeAll(async () => {
  r = await road();
}, 30_000);
afterAll(() => r.close());

const begin = async (flavour: Flavour = "single_tenant", known?: string) => {
  const tenantId = known ?? (await r.tenant()).id;
  const ana: Actor = {
    personId: randomUUID(),
    name: "Ana",
    tenantId,
    layers: [tenantId === PLATFORM_TENANT ? "root" : "operator"],
  };
  await execute(r.db.appDb, runDrill, ana, { flavour });
  return { tenantId, ana };
};
const ask = <T>(tenantId: string, question: Parameters<typeof r.db.appDb.withTenant<T>>[1]) =>
  r.db.appDb.withTenant({ tenantId, actorId: randomUUID(), readOnly: true }, question);
/** The duties, as often as it takes for what one leaves to be seen by the next. */
const turn = async () => {
  await moveDrills({ db: r.db.workerDb, sweeper: r.db.sweeper, ...r.redis }, r.clock.now());
  await r.consumer.drain();
  await r.deliver();
};
const on = async (ms: number) => {
  r.clock.advance(ms);
  await turn();
  await turn();
};
const newest = async (tenantId: string) => (await ask(tenantId, (tx) => drills(tx))).rows[0];
const incident = async (tenantId: string) =>
  (await r.db.sql<{ id: string; drill: boolean; state: string; severity: string }>(
    "SELECT id, drill, state, severity FROM incident WHERE tenant_id = $1",
    [tenantId],
  )) as [{ id: string; drill: boolean; state: string; severity: string }];

test("a drill goes the whole road to every sink, says there that it is one, and passes when somebody acknowledges", async () => {
  const { tenantId, ana } = await begin();
  const before = Object.fromEntries(ALL_SINKS.map((k) => [k, r.vendors.received(k).length]));
  await on(0);
  const [opened] = await incident(tenantId);
  expect(opened).toMatchObject({ drill: true, state: "open", severity: "P1" });
  for (const kind of ALL_SINKS) {
    const got = r.vendors.received(kind).slice(before[kind]);
    expect(got.length, kind).toBeGreaterThan(0);
    expect(JSON.stringify(got), kind).toMatch(/DRILL|\\"drill\\":true|"drill":true/);
  }
  r.clock.advance(20_000);
  await execute(r.db.appDb, acknowledgeIncident, ana, { incidentId: opened.id });
  await on(15_000);
  await on(15_000);
  expect((await incident(tenantId))[0].state).toBe("resolved");
  const drill = await newest(tenantId);
  expect(drill).toMatchObject({ state: "passed", missing: [], incidentId: opened.id });
  expect(Object.keys(drill?.steps ?? {}).sort()).toEqual([...DRILL_STEPS].sort());
  const at = DRILL_STEPS.map((step) => drill?.steps[step] ?? 0);
  expect(at).toEqual(at.toSorted((a, b) => a - b));
  const due = await ask(tenantId, (tx) => drills(tx));
  expect(due.dueAt).toBe((drill?.endedAt ?? 0) + 30 * 86_400_000);
  expect(
    await r.db.sql("SELECT 1 FROM audit.event WHERE tenant_id = $1 AND action = 'drill.run'", [tenantId]),
  ).toHaveLength(1);
});

test("its server is on no list, in no fleet, no minute and no watch; and nobody owes a word or a postmortem for it", async () => {
  const { tenantId } = await begin();
  await on(0);
  const [{ id: serverId }] = (await r.db.sql("SELECT id FROM server WHERE tenant_id = $1", [tenantId])) as [
    { id: string },
  ];
  expect(await ask(tenantId, (tx) => servers(tx, r.clock.now()))).toEqual([]);
  const { servers: fleet } = await fleetReader(r.db.sweeper)(r.clock.now());
  expect(fleet.some((s) => s.id === serverId)).toBe(false);
  expect(await r.db.sql("SELECT 1 FROM probe_minute WHERE tenant_id = $1", [tenantId])).toEqual([]);
  r.clock.advance(8 * 60_000);
  const later = r.clock.now();
  expect((await findUnlooked(r.db.sweeper, new Date(0), later)).some((s) => s.id === serverId)).toBe(false);
  await closeAbandoned(r.db.workerDb, r.db.sweeper, later);
  expect((await incident(tenantId))[0].state).toBe("open");
  expect(await whatIsOwed(r.db.workerDb, r.db.sweeper, later)).toMatchObject({ words: 0, drafts: 0 });
});

test("nobody answers: it recovers by itself after ten minutes, and says what was missing", async () => {
  const { tenantId } = await begin();
  await on(0);
  await on(DRILL_ANSWER_MS);
  await on(15_000);
  expect(await newest(tenantId)).toMatchObject({
    state: "failed",
    missing: ["Nobody acknowledged within ten minutes."],
  });
  expect((await incident(tenantId))[0].state).toBe("resolved");
});

test("a sink that does not take it is named, and so is a worker that never put it in", async () => {
  const { tenantId, ana } = await begin();
  await r.db.sql("UPDATE sink SET state = 'disabled', disabled_reason = 'Out of order.' WHERE tenant_id = $1", [
    tenantId,
  ]);
  await on(0);
  const [{ id }] = await incident(tenantId);
  await execute(r.db.appDb, acknowledgeIncident, ana, { incidentId: id });
  await on(15_000);
  await on(15_000);
  expect((await newest(tenantId))?.missing).toEqual(["Nobody was to be told: the routes name no sink that can be."]);

  const late = await begin();
  r.clock.advance(DRILL_ENDS_MS);
  const redis = { ...r.redis, prefix: `${r.redis.prefix}-gone` };
  await moveDrills({ db: r.db.workerDb, sweeper: r.db.sweeper, ...redis }, r.clock.now());
  const said = await newest(late.tenantId);
  expect(said?.state).toBe("failed");
  expect(said?.missing[0]).toContain("No incident opened");
});

test("a title of one's own is told where it can be made, ours where it cannot, and code in it is refused at save", async () => {
  const { tenantId, ana } = await begin();
  const title = (kind: string, text: string) =>
    r.db.sql(
      "UPDATE sink SET config = config || jsonb_build_object('titleTemplate', $3::text) WHERE tenant_id = $1 AND kind = $2",
      [tenantId, kind, text],
    );
  await title("slack", "{{ server | upcase }} is made up");
  await title("webhook", "{{constructor.constructor('return 1')()}}");
  const before = { slack: r.vendors.received("slack").length, webhook: r.vendors.received("webhook").length };
  await on(0);
  const said = (kind: "slack" | "webhook") => JSON.stringify(r.vendors.received(kind).slice(before[kind]));
  expect(said("slack")).toMatch(/DRILL [0-9A-F]{4} is made up/);
  expect(said("webhook")).toMatch(/Drill [0-9a-f]{4}: Connection refused/);
  const secret = `whsec_${Buffer.from("a secret of a test of titles").toString("base64")}`;
  const sink = (titleTemplate: string) =>
    execute(r.db.appDb, createSink, ana, {
      kind: "webhook",
      name: "New",
      config: { url: "https://hooks.example.com/x", secret, titleTemplate },
    });
  for (const bad of ["{{constructor.constructor('return 1')()}}", "{{ server", "a".repeat(5_000)])
    await expect(sink(bad)).rejects.toMatchObject({
      code: "E_INVALID",
      field: "config.titleTemplate",
      httpStatus: 422,
    });
  await expect(sink("a".repeat(1_000_000))).rejects.toMatchObject({ code: "E_INVALID", httpStatus: 422 });
  await execute(r.db.appDb, acknowledgeIncident, ana, { incidentId: (await incident(tenantId))[0].id });
});

test("one drill at a time in a tenant, also of two who begin at once", async () => {
  const { id: tenantId } = await r.tenant();
  const ana: Actor = { personId: randomUUID(), name: "Ana", tenantId, layers: ["operator"] };
  const both = await Promise.allSettled(
    [1, 2].map(() => execute(r.db.appDb, runDrill, ana, { flavour: "single_tenant" })),
  );
  expect(both.map((b) => b.status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(await r.db.sql("SELECT 1 FROM server WHERE tenant_id = $1", [tenantId])).toHaveLength(1);
  await expect(execute(r.db.appDb, runDrill, ana, { flavour: "other" })).rejects.toMatchObject({ code: "E_INVALID" });
  const other = (await r.tenant()).id;
  for (const who of [
    { ...ana, tenantId: other },
    { ...ana, tenantId: PLATFORM_TENANT },
  ])
    await expect(execute(r.db.appDb, runDrill, who, { flavour: "cluster" })).rejects.toMatchObject({ code: "E_STATE" });
});

/** Six of other failures than a drill's, each of its own cause. */
const WAYS = [
  "http_moved",
  "version_unsupported",
  "tool_list_failed",
  "canary_failed",
  "session_lost",
  "empty_tool_list",
];
const realFailures = async (tenantId: string, n: number) => {
  for (let i = 0; i < n; i++) {
    const name = `real ${randomUUID().slice(0, 8)}`;
    const url = `https://mcp.${name.slice(5)}-example.com/`;
    const serverId = await makeServer(r.db, tenantId, { name, url, fireAfter: 1, clearAfter: 1 });
    const at = r.clock.now().getTime();
    const saw = (WAYS[i % WAYS.length] ?? "timeout") as "timeout";
    await decide(r.db.workerDb, aSealedSlot({ tenantId, serverId, slot: at }, { fra: saw, iad: saw }), r.clock.now());
  }
};
const told = async (tenantId: string, drill: boolean) =>
  (
    await r.db.sql<{ severity: string }>(
      `SELECT DISTINCT i.id, i.severity FROM notice n JOIN incident i ON i.tenant_id = n.tenant_id AND i.id = n.incident_id
       WHERE n.tenant_id = $1 AND n.kind = 'trigger' AND i.drill = $2`,
      [tenantId, drill],
    )
  ).map((i) => i.severity);
const held = (tenantId: string, digestId: string | null = null) =>
  ask(tenantId, (tx) => heldRows(tx, { kind: "budget", q: "", digestId }, r.clock.now(), { skip: 0, take: 50 }));
/** So many notices to so few places: the first tests have gone the road to all. */
const fewSinks = async (known?: string) => {
  const { id } = await r.tenant(known);
  await r.db.sql(
    "UPDATE sink SET state = 'disabled', disabled_reason = 'Not here.' WHERE tenant_id = $1 AND kind NOT IN ('slack', 'pagerduty')",
    [id],
  );
  return id;
};
/** A budget's drill from its first failure to its end. */
const wholeBudget = async () => {
  await on(0);
  await on(0);
  for (let i = 0; i < 4; i++) await on(5_000);
  await on(DRILL_HOUR_MS);
  await on(2_000);
};

test("a drill of the budget tells of as many as it may and of the P1, holds the rest, and its digest says that it is a drill", async () => {
  const { tenantId } = await begin("budget", await fewSinks());
  const before = r.vendors.received("slack").length;
  await wholeBudget();
  const drill = await newest(tenantId);
  expect(drill).toMatchObject({ flavour: "budget", state: "passed", missing: [] });
  expect(Object.keys(drill?.steps ?? {}).sort()).toEqual([...BUDGET_STEPS].sort());
  expect((await told(tenantId, true)).sort()).toEqual(["P1", ...Array.from({ length: DRILL_BUDGET }, () => "P2")]);
  // It shows nobody who acknowledges: a drill of the whole road is still due.
  expect((await ask(tenantId, (tx) => drills(tx))).dueAt).toBeNull();
  const rows = await held(tenantId, drill?.digestId ?? "none");
  expect(rows).toHaveLength(DRILL_OVER);
  for (const row of rows) expect(row).toMatchObject({ drill: true, by: "The drill's own budget", state: "resolved" });
  const said = JSON.stringify(r.vendors.received("slack").slice(before));
  expect(said).toMatch(/\[DRILL\][^"]*2 incidents held back/);
  expect((await incident(tenantId)).every((i) => i.drill && i.state === "resolved")).toBe(true);
  // No page to anybody for what was held, now or in the next hour.
  r.clock.advance(3_600_000);
  await on(0);
  await sendDigests(r.db.workerDb, r.db.sweeper, r.clock.now());
  expect(await told(tenantId, true)).toHaveLength(DRILL_BUDGET + 1);
  expect(await r.db.sql("SELECT 1 FROM digest WHERE tenant_id = $1", [tenantId])).toHaveLength(1);
});

test("drills and the real budget leave each other alone: neither is used up, held or told of in a digest by the other", async () => {
  const tenantId = await fewSinks();
  await r.db.sql("UPDATE tenant SET tier = 'public' WHERE id = $1", [tenantId]);
  // Well within an hour: all of it is one budget.
  r.clock.set(new Date(Math.ceil(r.clock.now().getTime() / 3_600_000) * 3_600_000 + 60_000));
  await begin("budget", tenantId);
  await wholeBudget();
  expect((await newest(tenantId))?.state).toBe("passed");
  await realFailures(tenantId, 7);
  expect(await told(tenantId, false)).toHaveLength(6);
  expect((await held(tenantId)).filter((h) => !h.drill)).toHaveLength(1);
  // Used up by what is real, the budget holds nothing of the next drill.
  await begin("budget", tenantId);
  await on(0);
  await on(0);
  r.clock.set(new Date(Math.ceil(r.clock.now().getTime() / 3_600_000) * 3_600_000));
  await sendDigests(r.db.workerDb, r.db.sweeper, r.clock.now());
  const [hourly] = await r.db.sql<{ counted: number }>(
    "SELECT counted FROM digest WHERE tenant_id = $1 AND key NOT LIKE 'drill:%'",
    [tenantId],
  );
  expect(hourly?.counted).toBe(1);
  expect((await told(tenantId, true)).length).toBe(2 * (DRILL_BUDGET + 1));
});

test("an outage of many made-up tenants is noticed, told to the operators once, held, put into a digest and ended; no real tenant hears of it", async () => {
  await fewSinks(PLATFORM_TENANT);
  const real = await fewSinks();
  const clusters = async (ms: number) => {
    r.clock.advance(ms);
    for (let i = 0; i < 2; i++) {
      await followClusters(r.db.workerDb, r.db.sweeper, r.clock.now());
      await sendDigests(r.db.workerDb, r.db.sweeper, r.clock.now());
      await turn();
    }
  };
  const sightings = () => r.db.sql<{ cause: string }>("SELECT cause FROM upstream_sighting");
  const before = r.vendors.received("slack").length;
  await begin("cluster", PLATFORM_TENANT);
  await clusters(0);
  expect((await sightings()).length).toBeGreaterThan(5);
  // Somebody else's server that fails meanwhile is told of at once.
  await realFailures(real, 1);
  expect(await told(real, false)).toHaveLength(1);
  for (let i = 0; i < 4; i++) await clusters(10_000);
  const drill = await newest(PLATFORM_TENANT);
  expect(drill).toMatchObject({ flavour: "cluster", state: "passed", missing: [] });
  expect(Object.keys(drill?.steps ?? {}).sort()).toEqual([...CLUSTER_STEPS].sort());
  const made = await r.db.sql("SELECT subject_kind, drill, state FROM incident WHERE tenant_id = $1 ORDER BY number", [
    PLATFORM_TENANT,
  ]);
  expect(made).toEqual([
    { subject_kind: "server", drill: true, state: "resolved" },
    { subject_kind: "cluster", drill: true, state: "resolved" },
  ]);
  // The server's own incident was held to its end: the one page is the operators'.
  expect(await told(PLATFORM_TENANT, true)).toEqual(["P1"]);
  const said = JSON.stringify(r.vendors.received("slack").slice(before));
  expect(said).toMatch(/\[DRILL\][^"]*A wider outage/);
  expect(said).toMatch(/made-up tenants fail for one cause/);
  expect(await r.db.sql("SELECT drill FROM cluster WHERE ended_at IS NOT NULL")).toEqual([{ drill: true }]);
  expect((await sightings()).filter((s) => s.cause.endsWith(".drill.invalid"))).toEqual([]);
  expect(
    await r.db.sql("SELECT 1 FROM held_back WHERE tenant_id <> $1 AND kind = 'cluster'", [PLATFORM_TENANT]),
  ).toEqual([]);
});

test("a drill that cannot be moved on keeps no other from its turn", async () => {
  const broken = await begin();
  const { tenantId } = await begin();
  await r.db.sql(
    "CREATE FUNCTION no_move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no move'; END $$",
  );
  await r.db.sql(
    `CREATE TRIGGER no_move BEFORE UPDATE ON drill FOR EACH ROW WHEN (OLD.tenant_id = '${broken.tenantId}') EXECUTE FUNCTION no_move()`,
  );
  await expect(turn()).rejects.toThrow("no move");
  await r.db.sql("DROP TRIGGER no_move ON drill");
  const [row] = await r.db.sql<{ steps: object }>("SELECT steps FROM drill WHERE tenant_id = $1", [tenantId]);
  expect(row?.steps).toHaveProperty("injected");
  await turn();
});
