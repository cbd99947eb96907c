// Over 300 lines: the tables of races and feeds share one tenant and its helpers.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { WORKER_ACTOR } from "#lib/adapters/db";
import { whyNoIncident } from "#lib/queries/incident/why-not-yet";
import { whyPaged } from "#lib/queries/incident/why";
import { noticeContentSchema } from "#lib/domain/notice";
import type { Reason } from "#lib/domain/reason";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { aSealedSlot } from "#lib/testing/sealed";
import { decide } from "./decide.ts";

const START = Date.parse("2026-11-21T12:00:00Z");
const MINUTE = 60_000;
let db: TestDatabase;
let tenantId: string;
let serverId: string;
let chat: string;
let pager: string;

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());
beforeEach(async () => {
  tenantId = (await makeTenant(db, { name: "Acme" })).id;
  serverId = await makeServer(db, tenantId, { name: "Search", url: "https://user:pw@mcp.example.com/mcp?key=secret" });
  chat = await makeSink(db, tenantId, { kind: "slack", name: "ops chat", config: { mode: "bot", channel: "C1" } });
  pager = await makeSink(db, tenantId, { kind: "pagerduty", name: "on-call", config: { region: "us" } });
});

type Saw = Reason | "up";
const at = (i: number) => new Date(START + i * MINUTE + 65_000);
const slot = (i: number, saw: Saw | Parameters<typeof aSealedSlot>[1]) =>
  aSealedSlot(
    { tenantId, serverId, slot: START + i * MINUTE },
    typeof saw === "string" ? { fra: saw, iad: saw, sin: saw } : saw,
  );
const feed = async (pattern: (Saw | Parameters<typeof aSealedSlot>[1])[], from = 0) => {
  for (const [i, saw] of pattern.entries()) await decide(db.workerDb, slot(from + i, saw), at(from + i));
};
const incidents = () => db.sql("SELECT * FROM incident WHERE tenant_id = $1 ORDER BY number", [tenantId]);
const deliveries = () =>
  db.sql(
    "SELECT d.kind, s.name, d.state FROM delivery d JOIN sink s ON s.id = d.sink_id WHERE d.tenant_id = $1 ORDER BY d.ordinal",
    [tenantId],
  );
const decisions = async () =>
  (await db.sql("SELECT decision FROM incident_event WHERE tenant_id = $1 ORDER BY seq", [tenantId])).map(
    (r) => r.decision,
  );
const now = async () => (await db.sql("SELECT * FROM server_now WHERE server_id = $1", [serverId]))[0];

describe("opening", () => {
  test("the third bad slot in a row opens one incident, tells chat and pager once, and says why at every stage", async () => {
    await feed(["up", "connection_refused", "connection_refused"]);
    expect(await incidents()).toEqual([]);
    expect(await now()).toMatchObject({ status: "down", reason: "connection_refused", bad_streak: 2 });
    await feed(["connection_refused"], 3);
    expect(await incidents()).toMatchObject([
      {
        number: 1,
        state: "open",
        severity: "P1",
        reason: "connection_refused",
        bad_slots: 3,
        started_at: new Date(START + MINUTE),
        subject_name: "Search",
      },
    ]);
    expect(await deliveries()).toEqual([
      { kind: "trigger", name: "ops chat", state: "pending" },
      { kind: "trigger", name: "on-call", state: "pending" },
    ]);
    expect(await decisions()).toEqual([
      "streak_reached",
      "severity_set",
      "opened",
      "not_silenced",
      "policy_frozen",
      "step_taken",
    ]);
  });

  test("what is told parses, names no key and no password, and leads back to the incident", async () => {
    await feed(["connection_refused", "connection_refused", "connection_refused"]);
    const [notice] = await db.sql("SELECT content, dedup_key FROM notice WHERE tenant_id = $1", [tenantId]);
    const content = noticeContentSchema.parse(notice?.content);
    const [incident] = await incidents();
    expect(content).toMatchObject({
      serverUrl: "https://mcp.example.com/mcp",
      tenantName: "Acme",
      severity: "P1",
      incidentUrl: `https://tocsin.example.com/incidents/${incident?.id}`,
    });
    expect(JSON.stringify(notice)).not.toMatch(/secret|pw@/);
    expect(notice?.dedup_key).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  });

  test.each<[string, Parameters<typeof aSealedSlot>[1], number]>([
    ["one region alone pages nobody", { fra: "timeout", iad: "up", sin: "up" }, 0],
    ["two of three open an incident", { fra: "timeout", iad: "timeout", sin: "up" }, 1],
    ["the only region opens one", { fra: "timeout" }, 1],
    ["what is our own fault opens none", { fra: "prober_fault", iad: "prober_fault", sin: "prober_fault" }, 0],
    ["a rate limit opens none", { fra: "rate_limited", iad: "rate_limited", sin: "rate_limited" }, 0],
    ["a blocked address opens none", { fra: "blocked_address" }, 0],
  ])("%s", async (_what, saw, opened) => {
    await feed([saw, saw, saw, saw, saw]);
    expect(await incidents()).toHaveLength(opened);
  });

  test("a P4 opens, is written down and told to nobody", async () => {
    await db.sql("UPDATE server SET weight = 'third_party' WHERE id = $1", [serverId]);
    await feed(["schema_invalid", "schema_invalid", "schema_invalid"]);
    expect(await incidents()).toMatchObject([{ severity: "P4", state: "open", next_step_at: null }]);
    expect(await deliveries()).toEqual([]);
    expect(await decisions()).toContain("log_only");
  });

  test("without a sink the incident says aloud that nobody is told", async () => {
    await db.sql("UPDATE sink SET removed_at = now() WHERE tenant_id = $1", [tenantId]);
    await feed(["timeout", "timeout"]);
    const decided = await decide(db.workerDb, slot(2, "timeout"), at(2));
    expect(decided.nobodyToTell).toBe(true);
    expect(await decisions()).toContain("nobody_to_tell");
  });

  test("a disabled sink is not told, and the reason is there to read", async () => {
    await db.sql("UPDATE sink SET state = 'disabled' WHERE id = $1", [chat]);
    await feed(["connection_refused", "connection_refused", "connection_refused"]);
    expect(await deliveries()).toMatchObject([{ name: "on-call" }]);
    const why = await db.appDb.withTenant({ tenantId, actorId: randomUUID() }, async (tx) =>
      whyPaged(tx, (await incidents())[0]?.id, at(3)),
    );
    expect(why).toContainEqual(
      expect.objectContaining({ sinkName: "ops chat", reason: "sink_disabled", paged: false, step: 1 }),
    );
    expect(why).toContainEqual(expect.objectContaining({ sinkName: "on-call", reason: "pending", step: 1 }));
  });
});

describe("going on", () => {
  test("thirty updates in thirty minutes stay one incident and one trigger for each sink", async () => {
    await feed(Array.from({ length: 33 }, (_, i) => (i % 2 === 0 ? "connection_refused" : "connection_reset")));
    expect(await incidents()).toMatchObject([{ bad_slots: 33, state: "open" }]);
    expect(await deliveries()).toHaveLength(2);
  });

  test("a graver reason raises it, updates who knows and tells who is told only of that", async () => {
    await feed(["timeout", "timeout", "timeout"]);
    expect((await deliveries()).map((d) => d.name)).toEqual(["ops chat"]);
    await feed(["connection_refused"], 3);
    expect(await incidents()).toMatchObject([{ severity: "P1", reason: "connection_refused" }]);
    expect(await deliveries()).toEqual([
      { kind: "trigger", name: "ops chat", state: "pending" },
      { kind: "update", name: "ops chat", state: "pending" },
      { kind: "trigger", name: "on-call", state: "pending" },
    ]);
    await feed(["timeout"], 4);
    expect(await incidents()).toMatchObject([{ severity: "P1", reason: "timeout" }]);
    expect(await deliveries()).toHaveLength(3);
  });

  test("a slot that comes twice, or late, changes nothing but its own place in the history", async () => {
    await feed(["timeout", "timeout"], 1);
    const before = await now();
    expect((await decide(db.workerDb, slot(2, "timeout"), at(5))).outcome).toBe("late");
    expect((await decide(db.workerDb, slot(0, "timeout"), at(5))).outcome).toBe("late");
    expect(await now()).toEqual(before);
    expect(await db.sql("SELECT slot FROM probe_minute WHERE server_id = $1", [serverId])).toHaveLength(3);
  });

  test("two who decide the same slot at once count it once", async () => {
    await feed(["timeout", "timeout"]);
    const both = await Promise.all([
      decide(db.workerDb, slot(2, "timeout"), at(2)),
      decide(db.workerDb, slot(2, "timeout"), at(2)),
    ]);
    expect(both.map((d) => d.outcome).toSorted()).toEqual(["decided", "late"]);
    expect(await incidents()).toMatchObject([{ bad_slots: 3 }]);
    expect(await deliveries()).toHaveLength(1);
  });

  test("forty servers of one tenant that fail at once get forty incidents, one storm over them, and a number each", async () => {
    const ids = await Promise.all(Array.from({ length: 40 }, () => makeServer(db, tenantId, { fireAfter: 1 })));
    await Promise.all(
      ids.map((id) =>
        decide(db.workerDb, { ...aSealedSlot({ tenantId, serverId: id, slot: START }, { fra: "timeout" }) }, at(0)),
      ),
    );
    expect((await incidents()).map((i) => i.number)).toEqual(Array.from({ length: 41 }, (_, i) => i + 1));
  });

  test("a paused server and another tenant's server are nobody's business here", async () => {
    await db.sql("UPDATE server SET paused = true WHERE id = $1", [serverId]);
    expect((await decide(db.workerDb, slot(0, "timeout"), at(0))).outcome).toBe("ignored");
    const other = await makeTenant(db);
    expect((await decide(db.workerDb, { ...slot(1, "timeout"), tenantId: other.id }, at(1))).outcome).toBe("ignored");
    expect(await now()).toBeUndefined();
  });
});

describe("ending", () => {
  const send = () =>
    db.sql("UPDATE delivery SET state = 'sent' WHERE tenant_id = $1 AND state = 'pending'", [tenantId]);

  test("three good slots resolve it and tell everyone who was told, with the trigger's key", async () => {
    await feed(["connection_refused", "connection_refused", "connection_refused"]);
    await send();
    await feed(["up", "up"], 3);
    expect(await incidents()).toMatchObject([{ state: "open" }]);
    await feed(["up"], 5);
    expect(await incidents()).toMatchObject([{ state: "resolved", resolved_by: null, status: "up" }]);
    expect((await deliveries()).slice(2)).toEqual([
      { kind: "resolve", name: "ops chat", state: "pending" },
      { kind: "resolve", name: "on-call", state: "pending" },
    ]);
    expect(
      new Set((await db.sql("SELECT dedup_key FROM notice WHERE tenant_id = $1", [tenantId])).map((n) => n.dedup_key))
        .size,
    ).toBe(1);
  });

  test.each<[string, string, string, number]>([
    ["was never tried: withheld, and no all-clear for what was never said", "pending", "false", 0],
    ["is being sent: it may be there, so it hears of the end", "leased", "false", 1],
    ["got no answer: it may be there", "pending", "true", 1],
    ["is dead after a lost answer: it may be there", "dead", "true", 1],
    ["is dead and surely refused: nothing to close", "dead", "false", 0],
  ])("a trigger that %s", async (_what, state, arrived, resolves) => {
    await feed(["timeout", "timeout", "timeout"]);
    await db.sql(
      `UPDATE delivery SET state = $2, may_have_arrived = $3, lease_until = CASE WHEN $2 = 'leased' THEN now() END WHERE tenant_id = $1`,
      [tenantId, state, arrived],
    );
    await feed(["up", "up", "up"], 3);
    const all = await deliveries();
    expect(all.filter((d) => d.kind === "resolve")).toHaveLength(resolves);
    if (state === "pending" && arrived === "false") {
      expect(all).toMatchObject([{ kind: "trigger", state: "withheld" }]);
      expect(await decisions()).toContain("withheld");
    }
  });

  test("a certificate that expires is an incident beside the outage, and each ends for itself", async () => {
    await feed(["tls_expiring"]);
    await feed(["timeout", "timeout", "timeout", "tls_expiring", "tls_expiring", "tls_expiring"], 1);
    expect((await incidents()).map((i) => [i.reason, i.state])).toEqual([
      ["tls_expiring", "open"],
      ["timeout", "resolved"],
    ]);
    await feed(["up", "up", "up"], 7);
    expect((await incidents()).map((i) => i.state)).toEqual(["resolved", "resolved"]);
  });

  test("a certificate is told of at 30, 14 and 7 days, once each, also when two edges with two certificates take turns", async () => {
    const ends = (cause: string) => {
      const saw = { reason: "tls_expiring" as const, evidence: { cause } };
      return { fra: saw, iad: saw, sin: saw };
    };
    const [month, fortnight, week] = ["tls_ends_soon", "tls_ends_in_14_days", "tls_ends_in_7_days"].map(ends);
    if (!month || !fortnight || !week) throw new Error("three stages");
    await feed([month, month, fortnight, fortnight, month, fortnight, week, week, fortnight]);
    expect(await incidents()).toMatchObject([{ reason: "tls_expiring", severity: "P3" }]);
    expect((await deliveries()).map((d) => d.kind)).toEqual(["trigger", "update", "update"]);
    expect((await decisions()).filter((d) => d === "expiry_nearer")).toHaveLength(2);
  });

  test("a region alone that still fails lets the outage end", async () => {
    const alone = { fra: "timeout", iad: "up", sin: "up" } as const;
    await feed(["timeout", "timeout", "timeout", alone, alone, alone]);
    expect(await incidents()).toMatchObject([{ state: "resolved", status: "degraded" }]);
  });

  test("slots in which nobody looked neither end an outage nor count towards one", async () => {
    await feed(["timeout", "timeout", "prober_fault", "prober_fault"]);
    expect(await incidents()).toEqual([]);
    expect(await now()).toMatchObject({
      status: "unknown",
      reason: "prober_fault",
      bad_streak: 2,
      last_slot: new Date(START + MINUTE),
    });
    await feed(["timeout", "prober_fault", "prober_fault", "prober_fault"], 4);
    expect(await incidents()).toMatchObject([{ state: "open" }]);
  });

  test("resolved by hand while it still fails, it takes a whole new run to open again", async () => {
    await feed(["timeout", "timeout", "timeout"]);
    await db.sql("UPDATE incident SET state = 'resolved', resolved_at = $2, resolved_by = $3 WHERE tenant_id = $1", [
      tenantId,
      at(2),
      WORKER_ACTOR,
    ]);
    // The slot that began before the hand was laid on counts as old.
    await feed(["timeout", "timeout", "timeout"], 3);
    expect(await incidents()).toHaveLength(1);
    await feed(["timeout"], 6);
    expect(await incidents()).toHaveLength(2);
  });
});

describe("alternating", () => {
  test.each([1, 2, 3, 4, 5].flatMap((n) => [1, 2, 3, 4, 5].map((m) => [n, m] as const)))(
    "every other slot bad, N = %i and M = %i: at most one incident",
    async (fireAfter, clearAfter) => {
      await db.sql("UPDATE server SET fire_after = $2, clear_after = $3 WHERE id = $1", [
        serverId,
        fireAfter,
        clearAfter,
      ]);
      await feed(Array.from({ length: 30 }, (_, i) => (i % 2 === 0 ? "timeout" : "up")));
      expect((await incidents()).length).toBe(fireAfter === 1 ? 1 : 0);
      expect((await now())?.flips.length).toBeGreaterThanOrEqual(4);
    },
  );
});

test.each<[Saw[], RegExp | null]>([
  [["up"], null],
  [["timeout"], /^1 of 3 .*2 more/],
  [["timeout", "timeout"], /^2 of 3 .*next one/],
  [["timeout", "up"], null],
  [["timeout", "timeout", "timeout"], null],
  [["prober_fault"], /our side/],
  [["rate_limited"], /^Rate limited/],
])("after %j the server itself says why there is no incident yet", async (saw, words) => {
  await feed(saw);
  const sentence = await db.appDb.withTenant({ tenantId, actorId: randomUUID() }, (tx) => whyNoIncident(tx, serverId));
  if (words === null) expect(sentence).toBeNull();
  else expect(sentence).toMatch(words);
});

test("a region alone is named as the reason why nobody is paged", async () => {
  await feed([{ fra: "timeout", iad: "up", sin: "up" }]);
  expect(await db.appDb.withTenant({ tenantId, actorId: randomUUID() }, (tx) => whyNoIncident(tx, serverId))).toMatch(
    /one region/i,
  );
});

test("a removed sink is told nothing more, not even the end", async () => {
  await feed(["timeout", "timeout", "timeout"]);
  await db.sql("UPDATE delivery SET state = 'sent' WHERE tenant_id = $1", [tenantId]);
  await db.sql("UPDATE sink SET removed_at = now() WHERE id = $1", [chat]);
  await feed(["up", "up", "up"], 3);
  expect((await deliveries()).map((d) => d.kind)).toEqual(["trigger"]);
});

test("the pager was not told at once of a P2, and the answer says when it will be", async () => {
  await feed(["timeout", "timeout", "timeout"]);
  const why = await db.appDb.withTenant({ tenantId, actorId: randomUUID() }, async (tx) =>
    whyPaged(tx, (await incidents())[0]?.id, at(3)),
  );
  expect(why.filter((w) => w.sinkId === pager)).toEqual([
    expect.objectContaining({ step: 1, reason: "severity_not_for_sink", paged: false }),
    expect.objectContaining({ step: 2, reason: "not_due", at: at(2).getTime() + 5 * MINUTE }),
    // Step 3 names it too, and would tell it nothing new.
  ]);
});
