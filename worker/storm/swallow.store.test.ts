// What is grave and has nothing to do with the rest, or would reach nobody behind it, is told all the same.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { PLATFORM_TENANT, WORKER_ACTOR } from "#lib/adapters/db";
import { acknowledge } from "#lib/commands/incident/acknowledge-now";
import { incidentById } from "#lib/commands/incident/row";
import type { Reason } from "#lib/domain/reason";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { aSealedSlot } from "#lib/testing/sealed";
import { pino } from "pino";
import { retain } from "../archive/retain.ts";
import { sendDigests } from "../delivery/digest.ts";
import { decide } from "../pipeline/decide.ts";
import { escalateDue } from "../pipeline/escalate.ts";
import { followClusters } from "./clusters.ts";
import { followStorms } from "./storms.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

const MINUTE = 60_000;
let day = 0;
const aDay = () => Date.parse("2026-11-01T12:00:00Z") + day++ * 86_400_000;

async function fleet(urls: string[]) {
  const { id: tenantId } = await makeTenant(db, { name: "Acme", tier: "enterprise" });
  const servers: string[] = [];
  for (const [i, url] of urls.entries())
    servers.push(await makeServer(db, tenantId, { name: `s${i}`, url, fireAfter: 1, clearAfter: 1 }));
  const slack = await makeSink(db, tenantId, { kind: "slack", name: "slack", config: { mode: "bot", channel: "C1" } });
  const pager = await makeSink(db, tenantId, { kind: "pagerduty", name: "pager", config: { region: "us" } });
  return { tenantId, servers, slack, pager };
}
const see = (tenantId: string, serverId: string, at: number, saw: Reason | "up") =>
  decide(db.workerDb, aSealedSlot({ tenantId, serverId, slot: at }, { fra: saw, iad: saw }), new Date(at + 5_000));
const duties = async (at: number) => {
  const now = new Date(at);
  await followStorms(db.workerDb, db.sweeper, now);
  await followClusters(db.workerDb, db.sweeper, now);
  await escalateDue(db.workerDb, db.sweeper, now);
};
const policy = (tenantId: string, name: string, matchers: unknown[], targets: string[]) =>
  db.sql(
    `INSERT INTO policy (tenant_id, id, name, steps, matchers, is_default, updated_at) VALUES ($1, $2, $3, $4::jsonb, $5::jsonb, $6, '2026-01-01')`,
    [
      ...[tenantId, randomUUID(), name],
      JSON.stringify([
        { afterMinutes: 0, targets: targets.map((sinkId) => ({ sinkId, severities: ["P1", "P2", "P3"] })) },
      ]),
      ...[JSON.stringify(matchers), matchers.length === 0],
    ],
  );
const told = async (tenantId: string) => {
  const rows = await db.sql<{ name: string; sink: string }>(
    `SELECT i.subject_name AS name, s.name AS sink FROM delivery d JOIN incident i ON i.id = d.incident_id JOIN sink s ON s.id = d.sink_id
     WHERE d.tenant_id = $1 AND d.kind = 'trigger' ORDER BY d.ordinal`,
    [tenantId],
  );
  return rows.map((r) => `${r.name} ${r.sink}`);
};
const hosts = (n: number, domain: string) => Array.from({ length: n }, (_, i) => `https://${domain}/${i}`);

test("a storm of which nobody is told holds nobody back", async () => {
  const { tenantId, servers, slack } = await fleet(hosts(7, "mcp.nobody.example.com"));
  await policy(tenantId, "servers", [{ on: "server", is: servers }], [slack]);
  await policy(tenantId, "default", [], []);
  const at = aDay();
  for (const server of servers) await see(tenantId, server, at, "connection_refused");
  await duties(at + 10_000);
  expect(await told(tenantId)).toEqual(servers.map((_, i) => `s${i} slack`));
});

test("a member whose people its storm does not tell is told by itself", async () => {
  const { tenantId, servers, slack, pager } = await fleet(hosts(8, "mcp.teams.example.com"));
  await policy(tenantId, "payments", [{ on: "server", is: [servers[6], servers[7]] }], [pager]);
  await policy(tenantId, "default", [], [slack]);
  const at = aDay();
  for (const server of servers) await see(tenantId, server, at, "connection_refused");
  await duties(at + 10_000);
  expect(await told(tenantId)).toContain("s6 pager");
});

test("a storm that somebody has in hand takes in nothing that is graver than it is", async () => {
  const { tenantId, servers } = await fleet(hosts(8, "mcp.expiry.example.com"));
  const at = aDay();
  for (const server of servers) await see(tenantId, server, at, "tls_expiring");
  const [storm] = await db.sql("SELECT * FROM incident WHERE tenant_id = $1 AND subject_kind = 'storm'", [tenantId]);
  expect(storm).toMatchObject({ severity: "P3" });
  await db.workerDb.withTenant({ tenantId, actorId: WORKER_ACTOR }, async (tx) => {
    const locked = await incidentById(tx, storm?.id as string);
    if (locked) await acknowledge(tx, tenantId, locked, { name: "Ada", personId: null }, new Date(at + MINUTE));
  });
  const before = (await told(tenantId)).length;
  for (const server of servers) await see(tenantId, server, at + 120 * MINUTE, "tls_invalid");
  await duties(at + 121 * MINUTE);
  const after = (await told(tenantId)).slice(before);
  // By themselves, and then by a storm of what else they share: never by the one that was acknowledged as P3.
  expect(after.filter((t) => t.endsWith(" pager"))).toEqual([
    "s0 pager",
    "s1 pager",
    "s2 pager",
    "s3 pager",
    "example.com pager",
  ]);
});

test("what is graver does not join a storm that is acknowledged in that moment", async () => {
  const { tenantId, servers } = await fleet(hosts(8, "mcp.moment.example.com"));
  const at = aDay();
  for (const server of servers.slice(0, 6)) await see(tenantId, server, at, "timeout");
  const storm = async () =>
    (await db.sql("SELECT * FROM incident WHERE tenant_id = $1 AND subject_kind = 'storm'", [tenantId]))[0] as Record<
      string,
      string
    >;
  expect((await storm()).severity).toBe("P2");
  let joining: Promise<unknown> = Promise.resolve();
  await db.workerDb.withTenant({ tenantId, actorId: WORKER_ACTOR }, async (tx) => {
    const locked = await incidentById(tx, (await storm()).id as string);
    if (locked) await acknowledge(tx, tenantId, locked, { name: "Ada", personId: null }, new Date(at + MINUTE));
    // It has read the storm as open, and waits for its lock.
    joining = see(tenantId, servers[6] as string, at + MINUTE, "connection_refused");
    await vi.waitFor(async () => {
      const [waits] = await db.sql(
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
      );
      expect(waits?.n).toBeGreaterThan(0);
    });
  });
  await joining;
  await duties(at + 2 * MINUTE);
  expect((await storm()).severity).toBe("P2");
  expect(await told(tenantId)).toContain("s6 pager");
});

test("what is graver raises an open storm as it joins, and whoever is told of that hears of it at once", async () => {
  const { tenantId, servers } = await fleet(hosts(7, "mcp.raise.example.com"));
  const at = aDay();
  for (const server of servers.slice(0, 6)) await see(tenantId, server, at, "timeout");
  expect(await told(tenantId)).not.toContain("mcp.raise.example.com pager");
  await see(tenantId, servers[6] as string, at + MINUTE, "connection_refused");
  expect((await told(tenantId)).at(-1)).toBe("mcp.raise.example.com pager");
});

test("a storm counts servers, also where one fails, recovers and fails again", async () => {
  const { tenantId, servers } = await fleet(hosts(6, "mcp.again.example.com"));
  const at = aDay();
  for (const server of servers) await see(tenantId, server, at, "connection_refused");
  await see(tenantId, servers[5] as string, at + MINUTE, "up");
  for (const m of [2, 3, 4]) await see(tenantId, servers[5] as string, at + m * MINUTE, "connection_refused");
  await duties(at + 4.5 * MINUTE);
  const [storm] = await db.sql("SELECT evidence FROM incident WHERE tenant_id = $1 AND subject_kind = 'storm'", [
    tenantId,
  ]);
  expect(storm?.evidence).toBe("6 servers at mcp.again.example.com: connection refused.");
});

test("what is a member of one storm does not make another one, of a reason alone, for what fails elsewhere", async () => {
  const { tenantId, servers } = await fleet([
    ...hosts(12, "mcp.many.example.com"),
    "https://a.example.net/",
    "https://b.example.org/",
  ]);
  const at = aDay();
  for (const server of servers) await see(tenantId, server, at, "connection_refused");
  const names = await told(tenantId);
  expect(names).toContain("s12 pager");
  expect(names).toContain("s13 pager");
});

test("many that wait for the end of one silence are told of together then, as if they had just opened", async () => {
  const { tenantId, servers } = await fleet(hosts(8, "mcp.silent.example.com"));
  const at = aDay();
  await db.sql(
    "INSERT INTO silence (tenant_id, id, comment, starts_at, ends_at, created_at) VALUES ($1, gen_random_uuid(), 'x', $2, $3, $2)",
    [tenantId, new Date(at), new Date(at + 30 * MINUTE)],
  );
  for (const server of servers) await see(tenantId, server, at, "connection_refused");
  expect(await told(tenantId)).toEqual([]);
  await duties(at + 31 * MINUTE);
  const pages = (await told(tenantId)).filter((t) => t.endsWith(" pager"));
  expect(pages).toHaveLength(5);
  expect(pages[4]).toBe("mcp.silent.example.com pager");
});

test("above the budget a P1 passes that shares nothing but the domain with milder failures of the hour", async () => {
  const { tenantId, servers } = await fleet(Array.from({ length: 8 }, (_, i) => `https://h${i}.company-example.com/`));
  await db.sql("UPDATE tenant SET tier = 'public' WHERE id = $1", [tenantId]);
  const at = aDay();
  for (const [i, server] of servers.slice(0, 6).entries()) await see(tenantId, server, at + i * 6 * MINUTE, "timeout");
  await see(tenantId, servers[6] as string, at + 40 * MINUTE, "dns_failure");
  const names = await told(tenantId);
  expect(names.at(-1)).toBe("s6 pager");
  // Another one of the same reason is the same trouble.
  await see(tenantId, servers[7] as string, at + 46 * MINUTE, "dns_failure");
  expect(await told(tenantId)).toEqual(names);
});

test("what is graver than what a wider outage was noticed for is told at once", async () => {
  const sink = await makeSink(db, PLATFORM_TENANT, {
    kind: "slack",
    name: "ops",
    config: { mode: "bot", channel: "C3" },
  });
  const at = aDay();
  const made = [];
  for (let i = 0; i < 7; i++) made.push(await fleet([`https://t${i}.graver-example.com/`]));
  for (const { tenantId, servers } of made.slice(0, 6)) await see(tenantId, servers[0] as string, at, "timeout");
  const last = made[6] as (typeof made)[0];
  expect(await told(made[5]?.tenantId as string)).toEqual([]);
  await see(last.tenantId, last.servers[0] as string, at + MINUTE / 2, "dns_failure");
  expect(await told(last.tenantId)).toContain("s0 pager");
  await db.sql("UPDATE sink SET state = 'disabled' WHERE id = $1", [sink]);
  await db.sql("UPDATE incident SET state = 'resolved', resolved_at = opened_at, next_step_at = NULL");
  await db.sql("UPDATE cluster SET ended_at = opened_at");
});

test("a wider outage that the operators are not told of within a minute holds nobody any longer", async () => {
  await makeSink(db, PLATFORM_TENANT, { kind: "slack", name: "operators", config: { mode: "bot", channel: "C2" } });
  const at = aDay();
  const made = [];
  for (let i = 0; i < 6; i++) made.push(await fleet([`https://mcp.gamma.example.com/${i}`]));
  for (const { tenantId, servers } of made) await see(tenantId, servers[0] as string, at, "connection_refused");
  const last = made[5]?.tenantId as string;
  expect(await told(last)).toEqual([]);
  const refuse = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$";
  await db.sql(refuse);
  await db.sql(
    "CREATE TRIGGER no_cluster BEFORE INSERT ON incident FOR EACH ROW WHEN (NEW.subject_kind = 'cluster') EXECUTE FUNCTION refuse()",
  );
  await expect(duties(at + 30_000)).rejects.toThrow("no");
  expect(await told(last)).toEqual([]);
  await expect(followClusters(db.workerDb, db.sweeper, new Date(at + 2 * MINUTE))).rejects.toThrow("no");
  await escalateDue(db.workerDb, db.sweeper, new Date(at + 2 * MINUTE));
  expect(await told(last)).toContain("s0 pager");
  await db.sql("DROP TRIGGER no_cluster ON incident");
  await db.sql("UPDATE incident SET state = 'resolved', resolved_at = opened_at, next_step_at = NULL");
  await db.sql("UPDATE cluster SET ended_at = opened_at");
});

test("a wider outage whose notice is dead at every place of the operators holds nobody any longer", async () => {
  const at = aDay();
  const made = [];
  for (let i = 0; i < 6; i++) made.push(await fleet([`https://mcp.delta.example.com/${i}`]));
  for (const { tenantId, servers } of made) await see(tenantId, servers[0] as string, at, "connection_refused");
  const last = made[5]?.tenantId as string;
  await duties(at + 10_000);
  await duties(at + 11_000);
  expect(await told(PLATFORM_TENANT)).toHaveLength(1);
  expect(await told(last)).toEqual([]);
  await db.sql("UPDATE delivery SET state = 'dead', settled_at = created_at WHERE tenant_id = $1", [PLATFORM_TENANT]);
  await duties(at + 20_000);
  expect(await told(last)).toContain("s0 pager");
});

test("an hour's digest says of what a wider outage holds on that it waits, and until when", async () => {
  await db.sql("UPDATE cluster SET ended_at = opened_at WHERE ended_at IS NULL");
  const at = aDay() + 50 * MINUTE;
  const made = [];
  for (let i = 0; i < 6; i++) made.push(await fleet([`https://mcp.later.example.com/${i}`]));
  await db.sql("UPDATE sink SET state = 'disabled' WHERE kind = 'slack' AND tenant_id = $1", [made[5]?.tenantId]);
  for (const { tenantId, servers } of made) await see(tenantId, servers[0] as string, at, "connection_refused");
  await duties(at + 10_000);
  await sendDigests(db.workerDb, db.sweeper, new Date(at + 10_000));
  await sendDigests(db.workerDb, db.sweeper, new Date(at + 11 * MINUTE));
  const [digest] = await db.sql<{ evidence: string }>(
    "SELECT n.content ->> 'evidence' AS evidence FROM digest g JOIN notice n ON n.id = g.notice_id WHERE g.tenant_id = $1 AND g.kind = 'hour'",
    [made[5]?.tenantId],
  );
  expect(digest?.evidence).toBe(
    "1 incident since 12:00 UTC was not told one by one; 1 still fails and is told as the routes say when a wider outage ends, at the latest 13:50 UTC.",
  );
});

test("who was about to be paged for what is forgotten after a day, also where nothing ever became an outage of many", async () => {
  const { tenantId, servers } = await fleet(["https://mcp.forgotten.example.com/"]);
  const at = aDay();
  await see(tenantId, servers[0] as string, at, "connection_refused");
  const seen = () => db.sql("SELECT cause FROM upstream_sighting WHERE who = $1", [tenantId]);
  expect(await seen()).not.toEqual([]);
  await retain(db.workerDb, pino({ level: "silent" }), new Date(at + 26 * 60 * MINUTE));
  expect(await seen()).toEqual([]);
});
