// Over 300 lines: the races of a step against everything else share one incident and its helpers.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { acknowledgeIncident } from "#lib/commands/incident/acknowledge";
import type { Incident } from "#lib/commands/incident/row";
import { noteIncident } from "#lib/commands/incident/note";
import { resolveIncident } from "#lib/commands/incident/resolve";
import { type Actor, execute } from "#lib/commands/command";
import { createSilence } from "#lib/commands/silence/create";
import { endSilence } from "#lib/commands/silence/end";
import type { Reason } from "#lib/domain/reason";
import { whyPaged } from "#lib/queries/incident/why";
import { type TestClock, testClock } from "#lib/testing/clock";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { aSealedSlot } from "#lib/testing/sealed";
import { decide } from "./decide.ts";
import { escalate, escalateDue } from "./escalate.ts";
import { hold } from "./silences.ts";
import { byPlan } from "./windows.ts";

const START = Date.parse("2026-11-21T12:00:00Z");
const MINUTE = 60_000;
let db: TestDatabase;
let clock: TestClock;
let tenantId: string;
let serverId: string;
let ana: Actor;

beforeAll(async () => {
  db = await testDatabase();
  clock = testClock();
});
afterAll(async () => {
  clock.restore();
  await db.close();
});
beforeEach(async () => {
  clock.set(new Date(START));
  await db.sql("UPDATE incident SET next_step_at = NULL");
  tenantId = (await makeTenant(db)).id;
  serverId = await makeServer(db, tenantId, { fireAfter: 1, clearAfter: 1 });
  await makeSink(db, tenantId, { kind: "slack", name: "chat", config: { mode: "bot" } });
  await makeSink(db, tenantId, { kind: "pagerduty", name: "pager", config: { region: "us" } });
  await makeSink(db, tenantId, { kind: "email", name: "mail", config: { recipients: "ops@example.com" } });
  ana = { personId: randomUUID(), name: "Ana", tenantId, layers: ["operator"] };
});

const fail = (saw: Reason | "up" = "timeout") =>
  decide(db.workerDb, aSealedSlot({ tenantId, serverId, slot: clock.now().getTime() }, { fra: saw }), clock.now());
const incidents = () => db.sql("SELECT * FROM incident WHERE tenant_id = $1 ORDER BY number", [tenantId]);
const only = async () => (await incidents())[0] as Record<string, never> & { id: string; state: string };
const told = async (kind = "trigger") =>
  (
    await db.sql(
      "SELECT s.name FROM delivery d JOIN sink s ON s.id = d.sink_id WHERE d.tenant_id = $1 AND d.kind = $2 AND d.state <> 'withheld' ORDER BY s.name",
      [tenantId, kind],
    )
  ).map((r) => r.name);
const decisions = async () =>
  (await db.sql("SELECT decision FROM incident_event WHERE tenant_id = $1 ORDER BY seq", [tenantId])).map(
    (r) => r.decision,
  );
const sent = () => db.sql("UPDATE delivery SET state = 'sent' WHERE tenant_id = $1 AND state = 'pending'", [tenantId]);
const tick = () => escalateDue(db.workerDb, db.sweeper, clock.now());
const advance = async (minutes: number) => {
  clock.advance(minutes * MINUTE);
  return tick();
};

describe("the default policy, a P2", () => {
  test("tells chat and mail at once, the pager after five minutes, and nobody twice", async () => {
    await fail();
    expect(await told()).toEqual(["chat", "mail"]);
    expect(await advance(4.9)).toBe(0);
    expect(await advance(0.2)).toBe(1);
    expect(await told()).toEqual(["chat", "mail", "pager"]);
    await advance(60);
    expect(await told()).toEqual(["chat", "mail", "pager"]);
    expect(await only()).toMatchObject({ step: 3, next_step_at: null });
    expect((await decisions()).filter((d) => d === "step_taken")).toHaveLength(3);
  });

  test("takes every step that is due when nobody was there to take them, and tells each sink once", async () => {
    await fail();
    await advance(600);
    expect(await told()).toEqual(["chat", "mail", "pager"]);
    expect(await only()).toMatchObject({ step: 3, next_step_at: null });
  });

  test("holds for this incident as it was, though it is changed meanwhile", async () => {
    await fail();
    await db.sql(
      `INSERT INTO policy (tenant_id, id, name, steps, updated_at) VALUES ($1, $2, 'new', '[{"afterMinutes":0,"targets":[]}]', now())`,
      [tenantId, randomUUID()],
    );
    await advance(6);
    expect(await told()).toContain("pager");
  });

  test.each([1, 2, 3, 4])("of four who escalate at once one does (%i)", async () => {
    await fail();
    clock.advance(6 * MINUTE);
    const { id } = await only();
    const all = await Promise.all([1, 2, 3, 4].map(() => escalate(db.workerDb, tenantId, id, clock.now())));
    expect(all.filter(Boolean)).toHaveLength(1);
    expect(await told()).toEqual(["chat", "mail", "pager"]);
  });
});

describe("an acknowledge", () => {
  const acknowledge = async () => execute(db.appDb, acknowledgeIncident, ana, { incidentId: (await only()).id });

  test("stops the steps, takes back what was not sent and tells those who know", async () => {
    await fail();
    await db.sql(
      "UPDATE delivery d SET state = 'sent' FROM sink s WHERE s.id = d.sink_id AND d.tenant_id = $1 AND s.name = 'chat'",
      [tenantId],
    );
    await acknowledge();
    expect(await told("trigger")).toEqual(["chat"]);
    expect(await told("acknowledge")).toEqual(["chat"]);
    await advance(60);
    await fail("connection_refused");
    expect(await told("trigger")).toEqual(["chat"]);
    expect(await told("update")).toEqual([]);
    expect(await only()).toMatchObject({
      state: "acknowledged",
      acknowledged_by: ana.personId,
      next_step_at: null,
      severity: "P1",
    });
    expect(await db.sql("SELECT action FROM audit.event WHERE tenant_id = $1", [tenantId])).toEqual([
      { action: "incident.acknowledge" },
    ]);
  });

  test("is refused the second time, after the end, and for who may not", async () => {
    await fail();
    await acknowledge();
    await expect(acknowledge()).rejects.toMatchObject({ code: "E_STATE" });
    await execute(db.appDb, resolveIncident, ana, { incidentId: (await only()).id });
    await expect(acknowledge()).rejects.toMatchObject({
      code: "E_STATE",
      message: expect.stringContaining("resolved"),
    });
    await expect(
      execute(db.appDb, acknowledgeIncident, { ...ana, layers: ["auditor"] }, { incidentId: (await only()).id }),
    ).rejects.toMatchObject({ code: "E_FORBIDDEN" });
    const stranger = { ...ana, tenantId: (await makeTenant(db)).id };
    await expect(
      execute(db.appDb, acknowledgeIncident, stranger, { incidentId: (await only()).id }),
    ).rejects.toMatchObject({ code: "E_NOT_FOUND" });
  });

  test.each<[string, () => Promise<unknown>]>([
    ["acknowledge", acknowledge],
    ["resolve by hand", async () => execute(db.appDb, resolveIncident, ana, { incidentId: (await only()).id })],
    ["a good slot", () => fail("up")],
  ])("%s against the next step: whoever is first, no page stays that nobody wants", async (_what, act) => {
    for (let round = 0; round < 6; round++) {
      serverId = await makeServer(db, tenantId, { fireAfter: 1, clearAfter: 1 });
      await db.sql("DELETE FROM incident WHERE tenant_id = $1", [tenantId]);
      await fail();
      await sent();
      clock.advance(6 * MINUTE);
      const { id } = await only();
      await Promise.all(
        round % 2 === 0
          ? [act(), escalate(db.workerDb, tenantId, id, clock.now())]
          : [escalate(db.workerDb, tenantId, id, clock.now()), act()],
      );
      expect(await told("trigger")).toEqual(["chat", "mail"]);
      expect(await only()).toMatchObject({ next_step_at: null });
    }
  });
});

describe("by hand", () => {
  test("a resolve tells those who know, by name, and a second one is refused", async () => {
    await fail();
    await sent();
    const incidentId = (await only()).id;
    await execute(db.appDb, resolveIncident, ana, { incidentId, note: "a typo in the zone" });
    expect(await told("resolve")).toEqual(["chat", "mail"]);
    const [notice] = await db.sql("SELECT content FROM notice WHERE tenant_id = $1 AND kind = 'resolve'", [tenantId]);
    expect(notice?.content).toMatchObject({ by: "Ana", status: "down" });
    await expect(execute(db.appDb, resolveIncident, ana, { incidentId })).rejects.toMatchObject({ code: "E_STATE" });
  });

  test("a note stands on the timeline as one clean line", async () => {
    await fail();
    await execute(db.appDb, noteIncident, ana, {
      incidentId: (await only()).id,
      note: " looks\u0000 like\n\u202Ethe <b>edge</b> ",
    });
    const [row] = await db.sql(
      "SELECT sentence, actor_id, stage FROM incident_event WHERE decision = 'noted' AND tenant_id = $1",
      [tenantId],
    );
    expect(row).toEqual({ sentence: "Ana: looks like the <b>edge</b>", actor_id: ana.personId, stage: "person" });
    await expect(
      execute(db.appDb, noteIncident, ana, { incidentId: (await only()).id, note: " \u0000 " }),
    ).rejects.toMatchObject({ code: "E_INVALID", field: "note" });
  });
});

describe("a silence", () => {
  const silence = (minutes: number, of: string | null = serverId) =>
    execute(db.appDb, createSilence, ana, { serverId: of, comment: "planned work", minutes });

  test("opens the incident, tells nobody, and starts the policy at its end if it still fails", async () => {
    await silence(30);
    await fail();
    expect(await told()).toEqual([]);
    expect(await only()).toMatchObject({ state: "open", next_step_at: new Date(START + 30 * MINUTE) });
    expect(await decisions()).toContain("silenced");
    const why = await db.appDb.withTenant({ tenantId, actorId: ana.personId }, async (tx) =>
      whyPaged(tx, (await only()).id, clock.now()),
    );
    expect(why[0]).toMatchObject({ reason: "silenced", paged: false, sinkName: "Everybody" });
    await advance(29);
    expect(await told()).toEqual([]);
    await advance(1);
    expect(await told()).toEqual(["chat", "mail"]);
    await advance(5);
    expect(await told()).toEqual(["chat", "mail", "pager"]);
  });

  test("of another server holds nothing back here; one of the whole tenant does", async () => {
    await silence(30, await makeServer(db, tenantId));
    await fail();
    expect(await told()).toEqual(["chat", "mail"]);
    await silence(30, null);
    await advance(6);
    expect(await told()).toEqual(["chat", "mail"]);
    expect(await only()).toMatchObject({ next_step_at: new Date(START + 30 * MINUTE) });
  });

  test("that ends before its time lets the policy start at once", async () => {
    const { id } = await silence(600);
    await fail();
    clock.advance(MINUTE);
    expect(await execute(db.appDb, endSilence, ana, { silenceId: id })).toEqual({ held: 1 });
    await tick();
    expect(await told()).toEqual(["chat", "mail"]);
    await expect(execute(db.appDb, endSilence, ana, { silenceId: id })).rejects.toMatchObject({ code: "E_STATE" });
  });

  test.each(["who holds commits first", "who ends commits first"])(
    "that is ended in the moment in which it begins to hold does not hold for ever (%s)",
    async (first) => {
      await silence(10);
      await fail();
      clock.advance(9 * MINUTE);
      const { id } = await silence(600);
      const { id: incidentId } = await only();
      const end = () => execute(db.appDb, endSilence, ana, { silenceId: id });
      const holding = (before: () => Promise<unknown>, after: () => Promise<unknown>) =>
        db.workerDb.withTenant({ tenantId, actorId: ana.personId }, async (tx) => {
          const incident = {
            id: incidentId,
            serverId,
            fingerprint: `${serverId}:serving`,
            openedAt: clock.now(),
          } as Incident;
          const now = await byPlan({ tx, tenantId, incident, now: clock.now() });
          if (now === null || now.ref === null) throw new Error("it should hold");
          await before();
          await hold(tx, incidentId, { id: now.ref, endsAt: now.until });
          await after();
        });
      const soon = (work: Promise<unknown>) => Promise.race([work, new Promise((r) => setTimeout(r, 150))]);
      let ended: Promise<unknown> = Promise.resolve();
      const endMeanwhile = () => {
        ended = end();
        return soon(ended);
      };
      if (first === "who holds commits first") await holding(async () => {}, endMeanwhile);
      else await holding(end, async () => {});
      await ended;
      await advance(2);
      expect(await told()).toEqual(["chat", "mail"]);
    },
  );

  test("that ends while another holds goes on until the other's end", async () => {
    await silence(10);
    await fail();
    await silence(20);
    await advance(10);
    expect(await told()).toEqual([]);
    await advance(10);
    expect(await told()).toEqual(["chat", "mail"]);
  });

  test("that ends while the server recovers pages nobody; failing again pages", async () => {
    await db.sql("UPDATE server SET clear_after = 3 WHERE id = $1", [serverId]);
    await silence(10);
    await fail();
    clock.advance(9 * MINUTE);
    await fail("up");
    await advance(1);
    expect(await told()).toEqual([]);
    expect(await decisions()).toContain("recovering");
    await fail();
    await advance(1);
    expect(await told()).toEqual(["chat", "mail"]);
  });

  test("does not keep the all-clear from those who were told before it began", async () => {
    await fail();
    await sent();
    await silence(30);
    clock.advance(MINUTE);
    await fail("up");
    expect(await told("resolve")).toEqual(["chat", "mail"]);
  });

  test("in which it fails and recovers tells nobody anything", async () => {
    await silence(30);
    await fail();
    clock.advance(MINUTE);
    await fail("up");
    expect(await db.sql("SELECT 1 FROM delivery WHERE tenant_id = $1", [tenantId])).toEqual([]);
    expect(await only()).toMatchObject({ state: "resolved" });
    expect(await advance(60)).toBe(0);
  });
});

test("incidents that cannot be moved on keep nobody behind them from being told", async () => {
  const { id: broken } = await makeTenant(db);
  await db.sql(
    `INSERT INTO incident (tenant_id, id, number, subject_kind, subject_name, fingerprint, dedup_key, state, severity, status, reason, opened_at, started_at, last_bad_slot, policy, next_step_at)
     SELECT $1, gen_random_uuid(), n, 'worker', 'w' || n, 'w' || n, 'k' || n, 'open', 'P1', 'down', 'timeout', $2, $2, $2, '{}', $2 FROM generate_series(1, 200) n`,
    [broken, new Date(START - MINUTE)],
  );
  await db.sql("CREATE FUNCTION stuck() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'stuck'; END $$");
  await db.sql(
    `CREATE TRIGGER stuck BEFORE UPDATE ON incident FOR EACH ROW WHEN (OLD.tenant_id = '${broken}') EXECUTE FUNCTION stuck()`,
  );
  await fail();
  expect(await told()).toEqual(["chat", "mail"]);
  clock.advance(6 * MINUTE);
  await expect(tick()).rejects.toThrow("stuck");
  expect(await told()).toEqual(["chat", "mail", "pager"]);
  await db.sql("DROP TRIGGER stuck ON incident");
});

test("what became worse while it was held is told at the hold's end to those who are told of that, once", async () => {
  const [chat, pager] = await db.sql<{ id: string }>(
    "SELECT id FROM sink WHERE tenant_id = $1 ORDER BY created_at, name",
    [tenantId],
  );
  await db.sql(
    "INSERT INTO policy (tenant_id, id, name, steps, is_default, updated_at) VALUES ($1, gen_random_uuid(), 'p', $2::jsonb, true, now())",
    [
      tenantId,
      JSON.stringify([
        {
          afterMinutes: 0,
          targets: [
            { sinkId: chat?.id, severities: ["P1", "P2"] },
            { sinkId: pager?.id, severities: ["P1"] },
          ],
        },
      ]),
    ],
  );
  await fail("timeout");
  const first = await told();
  expect(first).toHaveLength(1);
  await sent();
  const silence = await execute(db.appDb, createSilence, ana, { serverId, comment: "works", minutes: 10 });
  expect(silence).toBeDefined();
  clock.advance(MINUTE);
  await fail("connection_refused");
  expect(await told()).toEqual(first);
  await advance(11);
  await advance(1);
  await advance(1);
  expect((await told()).length).toBe(2);
  expect((await decisions()).filter((d) => d === "silence_ended")).toHaveLength(1);
  expect(await only()).toMatchObject({ severity: "P1", next_step_at: null, held_by: null });
});
