// A probe credential that ends: one page 72 hours before, one incident however many look, and its end with the next one.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { escalateDue } from "../pipeline/escalate.ts";
import { watchCredentials } from "./credentials.ts";
import { closeAbandoned } from "./servers.ts";

const END = new Date("2026-11-24T12:00:00.000Z");
const HOUR = 3_600_000;
const MINUTE = 60_000;
const left = (ms: number) => new Date(END.getTime() - ms);

let db: TestDatabase;
let tenantId: string;
let serverId: string;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());
beforeEach(async () => {
  tenantId = (await makeTenant(db)).id;
  serverId = await makeServer(db, tenantId, { name: "Billing" });
  await makeSink(db, tenantId, { kind: "pagerduty", name: "pager", config: { region: "us" } });
  await store("", END);
});

const store = (region: string, expiresAt: Date | null) =>
  db.sql(
    `INSERT INTO server_credential (tenant_id, server_id, region, kind, header_name, sealed, created_at, expires_at)
     VALUES ($1, $2, $3, 'bearer', 'Authorization', '\\x00', '2026-11-01', $4)
     ON CONFLICT (tenant_id, server_id, region) DO UPDATE SET expires_at = excluded.expires_at`,
    [tenantId, serverId, region, expiresAt],
  );
/** A look, and what follows of itself: by the policy of who has set none, P2 wakes somebody after five minutes. */
async function look(at: Date): Promise<void> {
  await watchCredentials(db.workerDb, db.sweeper, at);
  await escalateDue(db.workerDb, db.sweeper, new Date(at.getTime() + 5 * MINUTE));
}
const incidents = () =>
  db.sql<{ state: string; reason: string; severity: string; evidence: string; status: string }>(
    "SELECT state, reason, severity, evidence, status FROM incident WHERE tenant_id = $1 ORDER BY number",
    [tenantId],
  );
const pages = async () =>
  (await db.sql<{ kind: string }>("SELECT kind FROM delivery WHERE tenant_id = $1", [tenantId]))
    .map((d) => d.kind)
    .sort();

describe("the clock", () => {
  test("is silent at 72 h 1 min and pages once at 71 h 59 min", async () => {
    await look(left(72 * HOUR + MINUTE));
    expect(await incidents()).toEqual([]);
    await look(left(72 * HOUR - MINUTE));
    expect(await incidents()).toMatchObject([
      { state: "open", reason: "credential_expiring", severity: "P2", status: "up" },
    ]);
    expect((await incidents())[0]?.evidence).toContain("expires on 2026-11-24 12:00 UTC");
    expect(await pages()).toEqual(["trigger"]);
  });

  test("opens one incident and one page, however many look and however long it lasts, past the end too", async () => {
    const at = left(71 * HOUR);
    await Promise.all([look(at), look(at), look(at)]);
    for (let ms = 70 * HOUR; ms > -5 * HOUR; ms -= 5 * HOUR) await look(left(ms));
    expect(await incidents()).toHaveLength(1);
    expect(await pages()).toEqual(["trigger"]);
  });

  test("pages for one that was stored when it had ended already", async () => {
    await look(new Date(END.getTime() + HOUR));
    expect((await incidents())[0]?.evidence).toContain("expired on");
    expect(await pages()).toEqual(["trigger"]);
  });
});

test.each<[what: string, act: () => Promise<unknown>, sentence: RegExp]>([
  ["another one was saved", () => store("", new Date(END.getTime() + 90 * 86_400_000)), /Another credential was saved/],
  ["one without an end was saved", () => store("", null), /Another credential was saved/],
  ["it was deleted", () => db.sql("DELETE FROM server_credential WHERE server_id = $1", [serverId]), /was deleted/],
])("it is over, and whoever was told hears of it, when %s", async (_what, act, sentence) => {
  await look(left(10 * HOUR));
  // Until it is sent, nobody has to be told that it is over.
  await db.sql("UPDATE delivery SET state = 'sent' WHERE tenant_id = $1", [tenantId]);
  await act();
  await look(left(9 * HOUR));
  const [incident] = await incidents();
  expect(incident?.state).toBe("resolved");
  expect(incident?.evidence).toMatch(/expires|Another|deleted/);
  const said = await db.sql<{ text: string }>("SELECT e::text AS text FROM incident_event e WHERE tenant_id = $1", [
    tenantId,
  ]);
  expect(said.map((s) => s.text).join()).toMatch(sentence);
  expect(await pages()).toEqual(["resolve", "trigger"]);
});

test("a region's own credential counts as well, and is named", async () => {
  await store("", null);
  await store("fra", END);
  await look(left(HOUR));
  expect((await incidents())[0]?.evidence).toContain("from fra");
});

test("the server's own state is left as the probes found it", async () => {
  await db.sql(
    "INSERT INTO server_now (tenant_id, server_id, since, status, last_slot) VALUES ($1, $2, now(), 'down', now())",
    [tenantId, serverId],
  );
  await look(left(HOUR));
  expect(await db.sql("SELECT status, reason FROM server_now WHERE server_id = $1", [serverId])).toEqual([
    { status: "down", reason: null },
  ]);
});

test("a paused server is nobody's worry: what was open is closed, and nothing is opened until it is resumed", async () => {
  await look(left(60 * HOUR));
  await db.sql("UPDATE server SET paused = true WHERE id = $1", [serverId]);
  await closeAbandoned(db.workerDb, db.sweeper, left(59 * HOUR));
  await look(left(58 * HOUR));
  expect((await incidents()).map((i) => i.state)).toEqual(["resolved"]);
  await db.sql("UPDATE server SET paused = false WHERE id = $1", [serverId]);
  await look(left(57 * HOUR));
  expect((await incidents()).map((i) => i.state)).toEqual(["resolved", "open"]);
});

test("closed by hand it stays closed for a day", async () => {
  await look(left(70 * HOUR));
  await db.sql("UPDATE incident SET state = 'resolved', resolved_at = $1, resolved_by = $2 WHERE tenant_id = $3", [
    left(69 * HOUR),
    randomUUID(),
    tenantId,
  ]);
  await look(left(60 * HOUR));
  expect(await incidents()).toHaveLength(1);
  await look(left(44 * HOUR));
  expect(await incidents()).toHaveLength(2);
});
