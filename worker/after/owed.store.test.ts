import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { addActionItem, changeActionItem } from "#lib/commands/action-item/save";
import { type Actor, execute } from "#lib/commands/command";
import { acknowledgeIncident } from "#lib/commands/incident/acknowledge";
import { noteIncident } from "#lib/commands/incident/note";
import { openPostmortem } from "#lib/commands/postmortem/open";
import { publishPostmortem } from "#lib/commands/postmortem/publish";
import { savePostmortem } from "#lib/commands/postmortem/save";
import type { Reason } from "#lib/domain/reason";
import { momentsOf, timesSince } from "#lib/queries/incident/times";
import { openItemsBefore, postmortem, postmortems } from "#lib/queries/postmortems";
import { type TestClock, testClock } from "#lib/testing/clock";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { aSealedSlot } from "#lib/testing/sealed";
import { decide } from "../pipeline/decide.ts";
import { whatIsOwed } from "./owed.ts";

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
  await db.sql(
    "UPDATE incident SET state = 'resolved', resolved_at = opened_at - interval '1 year' WHERE resolved_at IS NULL OR true",
  );
  await db.sql("DELETE FROM postmortem");
  tenantId = (await makeTenant(db)).id;
  serverId = await makeServer(db, tenantId, { fireAfter: 2, clearAfter: 1 });
  await makeSink(db, tenantId, { kind: "slack", name: "chat", config: { mode: "bot" } });
  await makeSink(db, tenantId, { kind: "pagerduty", name: "pager", config: { region: "us" } });
  ana = { personId: randomUUID(), name: "Ana", tenantId, layers: ["operator"] };
});

/** One slot of a minute, judged at its end. */
const slot = async (saw: Reason | "up") => {
  const at = clock.now().getTime();
  clock.advance(MINUTE);
  await decide(db.workerDb, aSealedSlot({ tenantId, serverId, slot: at }, { fra: saw }), clock.now());
};
const fail = async (saw: Reason = "connection_refused") => {
  await slot(saw);
  await slot(saw);
  const [row] = await db.sql<{ id: string }>(
    "SELECT id FROM incident WHERE tenant_id = $1 AND state <> 'resolved' ORDER BY number DESC",
    [tenantId],
  );
  return row?.id ?? "";
};
const look = () => whatIsOwed(db.workerDb, db.sweeper, clock.now());
const ask = <T>(question: Parameters<typeof db.appDb.withTenant<T>>[1]) =>
  db.appDb.withTenant({ tenantId, actorId: ana.personId, readOnly: true }, question);
const reminders = async () =>
  (
    await db.sql<{ name: string; title: string; incident: string | null }>(
      `SELECT s.name, n.content ->> 'title' AS title, d.incident_id AS incident FROM delivery d JOIN notice n ON n.id = d.notice_id JOIN sink s ON s.id = d.sink_id
       WHERE d.tenant_id = $1 AND d.kind = 'reminder' ORDER BY d.created_at`,
      [tenantId],
    )
  ).map((r) => `${r.name}: ${r.title}${r.incident === null ? "" : " (held up by its incident)"}`);

test("five minutes after a P1 opened those who were told are reminded of a status update, and nobody is woken for it", async () => {
  await fail();
  clock.advance(5 * MINUTE - 1);
  expect((await look()).words).toBe(0);
  clock.advance(1);
  expect((await look()).words).toBe(1);
  expect(await reminders()).toEqual(["chat: #1 A server: a status update is due"]);
  expect((await look()).words).toBe(0);
  clock.advance(30 * MINUTE);
  expect((await look()).words).toBe(1);
  clock.advance(25 * 60 * MINUTE);
  expect((await look()).words).toBe(0);
});

test.each<[string, (id: string) => Promise<unknown>]>([
  ["a note", (incidentId) => execute(db.appDb, noteIncident, ana, { incidentId, note: "The disk is full." })],
  ["an acknowledgement", (incidentId) => execute(db.appDb, acknowledgeIncident, ana, { incidentId })],
  ["its end", () => slot("up")],
  ["a hold", (id) => db.sql("UPDATE incident SET held_by = 'window' WHERE id = $1", [id])],
  ["being a drill", (id) => db.sql("UPDATE incident SET drill = true WHERE id = $1", [id])],
])("after %s nobody is reminded of a word", async (_what, spoken) => {
  const id = await fail();
  await spoken(id);
  clock.advance(10 * MINUTE);
  expect((await look()).words).toBe(0);
  expect(await reminders()).toEqual([]);
});

test("of four who look at once one reminds", async () => {
  await fail();
  clock.advance(6 * MINUTE);
  const looks = await Promise.all([look(), look(), look(), look()]);
  expect(looks.reduce((n, l) => n + l.words, 0)).toBe(1);
});

test("a P2 is reminded of nothing and gets no draft by itself, only by hand", async () => {
  const id = await fail("timeout");
  clock.advance(10 * MINUTE);
  expect(await look()).toEqual({ drafts: 0, words: 0, overdue: 0 });
  await expect(execute(db.appDb, openPostmortem, ana, { incidentId: id })).rejects.toMatchObject({ code: "E_STATE" });
  await slot("up");
  expect((await look()).drafts).toBe(0);
  await execute(db.appDb, openPostmortem, ana, { incidentId: id });
  await expect(execute(db.appDb, openPostmortem, ana, { incidentId: id })).rejects.toMatchObject({ code: "E_STATE" });
  expect((await ask((tx) => postmortem(tx, id, clock.now())))?.sections.summary).toContain("no answer in time");
});

test("a P1 that ended has its draft from the timeline, due a day later; overdue, people are reminded once a day", async () => {
  const id = await fail();
  await execute(db.appDb, noteIncident, ana, { incidentId: id, note: "The disk is full." });
  await db.sql("UPDATE delivery SET state = 'sent' WHERE incident_id = $1", [id]);
  await slot("up");
  const end = clock.now().getTime();
  expect((await look()).drafts).toBe(1);
  expect((await look()).drafts).toBe(0);
  const made = await ask((tx) => postmortem(tx, id, clock.now()));
  expect(made).toMatchObject({ state: "draft", dueAt: end + 24 * 60 * MINUTE, overdue: false, items: [] });
  expect(made?.sections.summary).toMatch(/^P1 #1: A server, connection refused\./);
  expect(made?.sections.lessons).toBe("- Ana: The disk is full.");
  expect(made?.sections.times).toContain("- first bad check: 2026-11-21 12:00:00 UTC");
  expect(made?.sections.times).toContain("- Detected after 120 s");
  expect(made?.sections.cause).toBe("");
  clock.set(new Date(end + 24 * 60 * MINUTE + 1));
  expect((await look()).overdue).toBe(1);
  expect((await look()).overdue).toBe(0);
  expect(await reminders()).toEqual(["chat: #1 A server: its postmortem is overdue"]);
  expect((await ask((tx) => postmortems(tx, clock.now()))).list).toMatchObject([{ incidentId: id, overdue: true }]);
});

test("it is finished when what is needed is written, and then stays as it is", async () => {
  const id = await fail();
  await slot("up");
  await look();
  const publish = () => execute(db.appDb, publishPostmortem, ana, { incidentId: id });
  await expect(publish()).rejects.toMatchObject({ code: "E_INVALID", field: "cause" });
  const sections = { summary: "s", impact: "i", cause: "A full disk.", times: "", told: "", lessons: "" };
  await execute(db.appDb, savePostmortem, ana, { incidentId: id, sections });
  await publish();
  await expect(publish()).rejects.toMatchObject({ code: "E_STATE" });
  await expect(execute(db.appDb, savePostmortem, ana, { incidentId: id, sections })).rejects.toMatchObject({
    code: "E_STATE",
  });
  expect(await ask((tx) => postmortem(tx, id, clock.now()))).toMatchObject({ state: "done", sections });
});

test("what was promised and is not done stands on the same failure's next incident within 90 days, and on no other", async () => {
  const first = await fail();
  await slot("up");
  await look();
  const item = { kind: "prevent", owner: "Ann", dueOn: "2026-11-25", impact: "3", effort: "1" };
  const add = (title: string, effort = "1") =>
    execute(db.appDb, addActionItem, ana, { ...item, incidentId: first, title, effort });
  const done = await add("Watch the disk");
  await add("Replace the disk", "3");
  await add("Clean the disk");
  await execute(db.appDb, changeActionItem, ana, { ...item, itemId: done, title: "Watch the disk", state: "done" });
  const second = await fail();
  const again = await ask((tx) => openItemsBefore(tx, second, clock.now()));
  expect(again.map((i) => i.title)).toEqual(["Clean the disk", "Replace the disk"]);
  expect(await ask((tx) => openItemsBefore(tx, first, clock.now()))).toEqual([]);
  await db.sql("UPDATE incident SET opened_at = opened_at - interval '91 days' WHERE id = $1", [first]);
  expect(await ask((tx) => openItemsBefore(tx, second, clock.now()))).toEqual([]);
  clock.set(new Date("2026-11-26T00:00:00Z"));
  const all = await ask((tx) => postmortems(tx, clock.now()));
  expect(all.openItems.map((i) => i.overdue)).toEqual([true, true]);
  expect(all.completion).toBeCloseTo(1 / 3);
});

test("times come from the rows that said so then: found after the streak, told at the first answer, over at the first good slot", async () => {
  const id = await fail();
  const opened = clock.now().getTime();
  await db.sql(
    `WITH d AS (UPDATE delivery SET state = 'sent' WHERE incident_id = $1 AND kind = 'trigger' RETURNING tenant_id, id)
     INSERT INTO delivery_try (tenant_id, delivery_id, number, at, duration_ms, outcome, reason) SELECT tenant_id, id, 1, $2, 40, 'sent', '' FROM d`,
    [id, new Date(opened + 10)],
  );
  await slot("up");
  expect(await ask((tx) => momentsOf(tx, id))).toEqual({
    ...{ firstBad: START, opened, told: opened + 50, acknowledged: null },
    ...{ recovered: START + 2 * MINUTE, resolved: START + 3 * MINUTE },
  });
  const summed = await ask((tx) => timesSince(tx, new Date(START)));
  expect(summed.incidents).toBe(1);
  expect(summed.sums.map((s) => s.meanMs)).toEqual([2 * MINUTE, 50, null, 2 * MINUTE, MINUTE]);
  await db.sql("UPDATE incident SET drill = true WHERE id = $1", [id]);
  expect((await ask((tx) => timesSince(tx, new Date(START)))).incidents).toBe(0);
});

test("an incident that cannot be drafted keeps no other from its postmortem", async () => {
  const first = await fail();
  await slot("up");
  const { id: broken } = { id: tenantId };
  tenantId = (await makeTenant(db)).id;
  serverId = await makeServer(db, tenantId, { fireAfter: 2, clearAfter: 1 });
  const second = await fail();
  await slot("up");
  await db.sql(
    "CREATE FUNCTION no_draft() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no draft'; END $$",
  );
  await db.sql(
    `CREATE TRIGGER no_draft BEFORE INSERT ON postmortem FOR EACH ROW WHEN (NEW.tenant_id = '${broken}') EXECUTE FUNCTION no_draft()`,
  );
  await expect(look()).rejects.toThrow("no draft");
  await db.sql("DROP TRIGGER no_draft ON postmortem");
  const drafted = await db.sql("SELECT incident_id FROM postmortem");
  expect(drafted).toEqual([{ incident_id: second }]);
  expect(first).not.toBe(second);
});
