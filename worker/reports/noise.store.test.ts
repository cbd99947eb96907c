// The noise report, read from what the real road wrote.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Actor, execute } from "#lib/commands/command";
import { acknowledgeIncident } from "#lib/commands/incident/acknowledge";
import { saveWindow } from "#lib/commands/window/save";
import { type TestClock, testClock } from "#lib/testing/clock";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { aSealedSlot } from "#lib/testing/sealed";
import { decide } from "../pipeline/decide.ts";
import { noiseReport } from "#lib/queries/noise";
import { plannedTimes } from "#lib/queries/planned";

let db: TestDatabase;
let clock: TestClock;
beforeAll(async () => {
  db = await testDatabase();
  clock = testClock();
});
afterAll(async () => {
  clock.restore();
  await db.close();
});

test("who was told, what nobody acted on and what was held back are counted, of this tenant and without drills", async () => {
  clock.set(new Date("2026-11-21T23:30:00Z"));
  const tenantId = (await makeTenant(db)).id;
  const ana: Actor = { personId: randomUUID(), name: "Ana", tenantId, layers: ["operator"] };
  await makeSink(db, tenantId, { kind: "webhook", name: "hook", config: { url: "https://hooks.example.com/x" } });
  const server = () => makeServer(db, tenantId, { fireAfter: 1, clearAfter: 1 });
  const [acted, ignored, drilled, planned] = [await server(), await server(), await server(), await server()];
  const look = (serverId: string, saw: "connection_refused" | "up") =>
    decide(db.workerDb, aSealedSlot({ tenantId, serverId, slot: clock.now().getTime() }, { fra: saw }), clock.now());
  const rule = { repeat: "once", from: "2026-11-21", startsAt: "23:00", minutes: 90, zone: "UTC" };
  await execute(db.appDb, saveWindow, ana, { serverIds: [planned], comment: "vacuum", rule });
  for (const id of [acted, ignored, drilled, planned]) await look(id, "connection_refused");
  await db.sql("UPDATE incident SET drill = true WHERE server_id = $1", [drilled]);
  await db.sql("UPDATE delivery SET state = 'sent' WHERE tenant_id = $1", [tenantId]);
  const [incident] = await db.sql<{ id: string }>("SELECT id FROM incident WHERE server_id = $1", [acted]);
  clock.advance(300_000);
  await execute(db.appDb, acknowledgeIncident, ana, { incidentId: incident?.id });
  for (const id of [acted, ignored]) await look(id, "up");
  const ask = (zone: string, of = tenantId) =>
    db.appDb.withTenant({ tenantId: of, actorId: ana.personId, readOnly: true }, (tx) =>
      noiseReport(tx, 7, zone, clock.now()),
    );
  const report = await ask("UTC");
  expect(report).toMatchObject({ pages: 2, incidents: 2, night: 2, ignored: 1, medianAckMs: 300_000, cut: false });
  expect(report.sinks).toMatchObject([{ name: "hook", pages: 2 }]);
  expect(report.servers.map((s) => s.key).sort()).toEqual([acted, ignored].sort());
  expect(report.withheld).toEqual([{ what: "held:window", count: 1 }]);
  expect((await ask("Asia/Tokyo")).night).toBe(0);
  expect(await ask("UTC", (await makeTenant(db)).id)).toMatchObject({ pages: 0, withheld: [] });
  const times = await db.appDb.withTenant({ tenantId, actorId: ana.personId, readOnly: true }, async (tx) => [
    await plannedTimes(tx, planned, new Date("2026-11-21T20:00:00Z"), clock.now()),
    await plannedTimes(tx, acted, new Date("2026-11-21T20:00:00Z"), clock.now()),
  ]);
  expect(times).toEqual([[{ start: Date.parse("2026-11-21T23:00:00Z"), end: Date.parse("2026-11-22T00:30:00Z") }], []]);
});
