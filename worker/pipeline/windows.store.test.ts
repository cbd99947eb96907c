// Maintenance windows, a tenant's own severities and the first look at a new server, down the real road.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Actor, execute } from "#lib/commands/command";
import { acknowledgeIncident } from "#lib/commands/incident/acknowledge";
import { setSeverity } from "#lib/commands/severity/set";
import { removeWindow } from "#lib/commands/window/remove";
import { saveWindow } from "#lib/commands/window/save";
import type { Reason } from "#lib/domain/reason";
import { whyPaged } from "#lib/queries/incident/why";
import { type TestClock, testClock } from "#lib/testing/clock";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { aSealedSlot } from "#lib/testing/sealed";
import { decide } from "./decide.ts";
import { escalateDue } from "./escalate.ts";

// 02:30 in Berlin on the day on which its clocks go forward; that time is skipped there.
const GAP = Date.parse("2026-03-29T01:30:00Z");
const MINUTE = 60_000;
let db: TestDatabase;
let clock: TestClock;
let tenantId: string;
let serverId: string;
let ana: Actor;

beforeAll(async () => {
  db = await testDatabase();
  await db.sql("SELECT app.make_partitions('probe_minute', '2026-03-01', 2)");
  clock = testClock();
});
afterAll(async () => {
  clock.restore();
  await db.close();
});
beforeEach(async () => {
  clock.set(new Date(GAP - 30 * MINUTE));
  await db.sql("UPDATE incident SET next_step_at = NULL");
  tenantId = (await makeTenant(db)).id;
  serverId = await makeServer(db, tenantId, { fireAfter: 1, clearAfter: 1 });
  await makeSink(db, tenantId, { kind: "slack", name: "chat", config: { mode: "bot" } });
  ana = { personId: randomUUID(), name: "Ana", tenantId, layers: ["operator"] };
});

const RULE = { repeat: "days", from: "2026-03-01", startsAt: "02:30", minutes: 60, zone: "Europe/Berlin" };
const plan = (rule: Record<string, unknown> = {}, serverIds = [serverId], windowId = "") =>
  execute(db.appDb, saveWindow, ana, { windowId, serverIds, comment: "nightly vacuum", rule: { ...RULE, ...rule } });
const look = (saw: Reason | "up" = "timeout") =>
  decide(db.workerDb, aSealedSlot({ tenantId, serverId, slot: clock.now().getTime() }, { fra: saw }), clock.now());
const advance = async (minutes: number) => {
  clock.advance(minutes * MINUTE);
  await escalateDue(db.workerDb, db.sweeper, clock.now());
};
const only = async () =>
  (
    await db.sql<Record<string, never>>("SELECT * FROM incident WHERE tenant_id = $1 ORDER BY number DESC", [tenantId])
  )[0];
const told = async () =>
  (await db.sql("SELECT 1 FROM delivery WHERE tenant_id = $1 AND kind = 'trigger'", [tenantId])).length;

/** The second fall within an hour takes two bad slots. */
const failAgain = async () => {
  for (const saw of ["up", "timeout", "timeout"] as const) {
    await advance(1);
    await look(saw);
  }
};

describe("a maintenance window", () => {
  test("holds back what begins in it, at the time to which the clocks were put forward, and tells it once at its end", async () => {
    await plan();
    clock.set(new Date(GAP));
    await look();
    expect(await told()).toBe(0);
    expect(await only()).toMatchObject({
      ...{ state: "open", held_by: "window", next_step_at: new Date(GAP + 60 * MINUTE) },
    });
    const why = await db.appDb.withTenant({ tenantId, actorId: ana.personId }, async (tx) =>
      whyPaged(tx, (await only())?.id ?? "", clock.now()),
    );
    expect(why[0]).toMatchObject({ reason: "held", paged: false });
    expect(why[0]?.sentence).toMatch(/Planned work until 2026-03-29 02:30 UTC \(nightly vacuum; Every day at 02:30/);
    await advance(59);
    await look();
    expect(await told()).toBe(0);
    await advance(1);
    expect(await told()).toBe(1);
    await advance(60);
    expect(await told()).toBe(1);
  });

  test("that the clocks would have begun an hour earlier holds nothing yet", async () => {
    await plan();
    clock.set(new Date(GAP - 30 * MINUTE));
    await look();
    expect(await told()).toBe(1);
  });

  test("pages nobody again for a server that was down before it and that somebody has in hand", async () => {
    await plan();
    await look();
    expect(await told()).toBe(1);
    await execute(db.appDb, acknowledgeIncident, ana, { incidentId: (await only())?.id });
    for (let i = 0; i < 12; i++) {
      await advance(10);
      await look(i % 2 === 0 ? "timeout" : "connection_refused");
    }
    expect(await told()).toBe(1);
  });

  test("tells nobody at its end of what is well again by then", async () => {
    await plan();
    clock.set(new Date(GAP));
    await look();
    await advance(40);
    await look("up");
    await advance(30);
    expect(await told()).toBe(0);
    expect(await only()).toMatchObject({ state: "resolved" });
  });

  test("over another server holds nothing back here; over every one it does", async () => {
    await plan({}, [await makeServer(db, tenantId)]);
    clock.set(new Date(GAP));
    await look();
    expect(await told()).toBe(1);
    await plan({}, []);
    await failAgain();
    expect(await told()).toBe(1);
    expect(await only()).toMatchObject({ held_by: "window" });
  });

  test("that is removed, or moved away, while it holds lets the policy begin at once", async () => {
    const { id } = await plan();
    clock.set(new Date(GAP));
    await look();
    await plan({ startsAt: "12:00" }, [serverId], id);
    await advance(0);
    expect(await told()).toBe(1);
    const again = await plan();
    await failAgain();
    expect(await told()).toBe(1);
    expect(await execute(db.appDb, removeWindow, ana, { windowId: again.id })).toEqual({ held: 1 });
    await advance(0);
    expect(await told()).toBe(2);
    await expect(execute(db.appDb, removeWindow, ana, { windowId: again.id })).rejects.toMatchObject({
      code: "E_NOT_FOUND",
    });
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["that would never come", { until: "2026-03-02" }, "rule.from"],
    ["of a day that is none", { from: "2026-02-31" }, "rule.from"],
    ["in a zone that is none", { zone: "Mars" }, "rule.zone"],
  ])("%s is refused beside its field", async (_what, rule, field) => {
    await expect(plan(rule)).rejects.toMatchObject({ code: "E_INVALID", field });
    await expect(plan({}, [randomUUID()])).rejects.toMatchObject({ code: "E_NOT_FOUND" });
  });
});

describe("a tenant's own severity of a reason", () => {
  test("counts from the next incident on, before the server's weight, and the timeline says whose word it is", async () => {
    await execute(db.appDb, setSeverity, ana, { reason: "timeout", severity: "P4" });
    await look();
    expect(await told()).toBe(0);
    expect(await only()).toMatchObject({ severity: "P4" });
    const [row] = await db.sql(
      "SELECT sentence FROM incident_event WHERE tenant_id = $1 AND decision = 'severity_set'",
      [tenantId],
    );
    expect(row?.sentence).toBe("No answer in time is P4 in this tenant (P2 by default).");
    await execute(db.appDb, setSeverity, ana, { reason: "timeout", severity: "" });
    await look("up");
    await advance(1);
    await look();
    expect(await only()).toMatchObject({ severity: "P2" });
    expect(await told()).toBe(1);
  });

  test("is no other tenant's", async () => {
    const other = { ...ana, tenantId: (await makeTenant(db)).id };
    await execute(db.appDb, setSeverity, other, { reason: "timeout", severity: "P4" });
    await look();
    expect(await only()).toMatchObject({ severity: "P2" });
  });
});

describe("a first look", () => {
  test("at a server that was just registered or resumed opens nothing; the second interval does", async () => {
    await db.sql("UPDATE server SET watched_from = $2 WHERE id = $1", [
      serverId,
      new Date(clock.now().getTime() - 20_000),
    ]);
    await look();
    expect(await told()).toBe(0);
    await advance(1);
    await look();
    expect(await told()).toBe(1);
  });

  test("after nobody looked for long begins a new run: two bad slots before and one after are not three in a row", async () => {
    await db.sql("UPDATE server SET fire_after = 3 WHERE id = $1", [serverId]);
    for (const minutes of [0, 1, 60]) {
      await advance(minutes);
      await look();
    }
    expect(await only()).toBeUndefined();
    await advance(1);
    await look();
    await advance(1);
    await look();
    expect(await told()).toBe(1);
  });
});
