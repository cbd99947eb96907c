// Over 300 lines: storms, clusters, budgets and digests share one installation and its helpers.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PLATFORM_TENANT, WORKER_ACTOR } from "#lib/adapters/db";
import { acknowledge } from "#lib/commands/incident/acknowledge-now";
import { incidentById } from "#lib/commands/incident/row";
import type { Reason } from "#lib/domain/reason";
import { type HeldKind, heldCounts, heldRows } from "#lib/queries/held";
import { stormOf } from "#lib/queries/storm";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { aSealedSlot } from "#lib/testing/sealed";
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

let day = 0;
/** Each test on a day of its own, so that none counts for another. */
const aDay = () => Date.parse("2026-11-01T12:00:00Z") + day++ * 86_400_000;

interface Made {
  tenantId: string;
  servers: string[];
}

async function fleet(
  urls: string[],
  sinks: ("slack" | "pagerduty")[] = ["slack", "pagerduty"],
  tier = "enterprise",
): Promise<Made> {
  const { id: tenantId } = await makeTenant(db, { name: "Acme", tier });
  const servers: string[] = [];
  for (const [i, url] of urls.entries())
    servers.push(await makeServer(db, tenantId, { name: `s${i}`, url, fireAfter: 1, clearAfter: 1 }));
  for (const kind of sinks)
    await makeSink(db, tenantId, {
      kind,
      name: kind,
      config: kind === "slack" ? { mode: "bot", channel: "C1" } : { region: "us" },
    });
  return { tenantId, servers };
}

const see = (tenantId: string, serverId: string, at: number, saw: Reason | "up") =>
  decide(db.workerDb, aSealedSlot({ tenantId, serverId, slot: at }, { fra: saw, iad: saw }), new Date(at + 5_000));
const incidents = (tenantId: string, where = "") =>
  db.sql(`SELECT * FROM incident WHERE tenant_id = $1 ${where} ORDER BY number`, [tenantId]);
const triggers = async (tenantId: string) =>
  (
    await db.sql(
      "SELECT i.subject_name AS name FROM notice n JOIN incident i ON i.id = n.incident_id WHERE n.tenant_id = $1 AND n.kind = 'trigger' ORDER BY n.at, i.number",
      [tenantId],
    )
  ).map((r) => r.name);

const hosts = (n: number, domain: string) => Array.from({ length: n }, (_, i) => `https://${domain}/${i}`);

const MINUTE = 60_000;
const duties = async (at: number) => {
  const now = new Date(at);
  await followStorms(db.workerDb, db.sweeper, now);
  await followClusters(db.workerDb, db.sweeper, now);
  await escalateDue(db.workerDb, db.sweeper, now);
  await sendDigests(db.workerDb, db.sweeper, now);
};
const told = async (tenantId: string) => {
  const rows = await db.sql<{ kind: string; name: string }>(
    `SELECT d.kind, s.name, d.ordinal FROM delivery d JOIN sink s ON s.id = d.sink_id WHERE d.tenant_id = $1 ORDER BY d.ordinal`,
    [tenantId],
  );
  return rows.map((r) => `${r.kind} ${r.name}`);
};
const digests = (tenantId: string) =>
  db.sql<{
    kind: string;
    counted: number;
    content: { title: string; evidence: string; lines: string[]; incidentUrl: string };
  }>(
    "SELECT g.kind, g.counted, n.content FROM digest g LEFT JOIN notice n ON n.id = g.notice_id WHERE g.tenant_id = $1 ORDER BY g.at, g.kind",
    [tenantId],
  );
const closeAll = async (tenantId: string) => {
  await db.sql(
    "UPDATE incident SET state = 'resolved', resolved_at = opened_at, next_step_at = NULL WHERE tenant_id = $1",
    [tenantId],
  );
};

describe("a storm within one tenant", () => {
  test("of many servers of one host the first four are told by themselves, then one storm, and another server's own failure at once", async () => {
    const { tenantId, servers } = await fleet([...hosts(30, "mcp.one.example.com"), "https://other.example.net/mcp"]);
    const at = aDay();
    for (const server of servers.slice(0, 30)) await see(tenantId, server, at, "connection_refused");
    await see(tenantId, servers[30] as string, at, "http_server_error");
    expect(await triggers(tenantId)).toEqual(["s0", "s1", "s2", "s3", "mcp.one.example.com", "s30"]);
    const [storm] = await incidents(tenantId, "AND subject_kind = 'storm'");
    expect(storm).toMatchObject({
      ...{ severity: "P1", reason: "connection_refused", state: "open" },
      evidence: "5 servers at mcp.one.example.com: connection refused.",
    });
    const held = await incidents(tenantId, "AND held_by = 'storm'");
    expect(held).toHaveLength(26);
    expect(new Set(held.map((h) => h.held_ref))).toEqual(new Set([storm?.id]));
    expect(await db.sql("SELECT count(*)::int AS n FROM storm_member WHERE storm_id = $1", [storm?.id])).toEqual([
      { n: 30 },
    ]);
    await duties(at + 10_000);
    const [after] = await incidents(tenantId, "AND subject_kind = 'storm'");
    expect(after?.evidence).toBe("30 servers at mcp.one.example.com: connection refused.");
    // The members told before it: their further steps wait for the storm as well, and the storm's are taken.
    await duties(at + 6 * MINUTE);
    expect((await incidents(tenantId, "AND held_by = 'storm'")).length).toBe(30);
    expect(await triggers(tenantId)).toHaveLength(6);
    await closeAll(tenantId);
  });

  test("four of one host are four incidents, and five that are minutes apart are five", async () => {
    const { tenantId, servers } = await fleet(hosts(9, "mcp.two.example.com"));
    const at = aDay();
    for (const server of servers.slice(0, 4)) await see(tenantId, server, at, "connection_refused");
    for (const [i, server] of servers.slice(4).entries())
      await see(tenantId, server, at + (i + 1) * 6 * MINUTE, "connection_refused");
    expect(await incidents(tenantId, "AND subject_kind = 'storm'")).toEqual([]);
    expect(await triggers(tenantId)).toHaveLength(9);
    await closeAll(tenantId);
  });

  test("what outlives its storm is told by itself, and what was told or is over is not told again", async () => {
    const { tenantId, servers } = await fleet(hosts(8, "mcp.three.example.com"));
    const at = aDay();
    for (const server of servers) await see(tenantId, server, at, "connection_refused");
    expect(await triggers(tenantId)).toHaveLength(5);
    for (const server of servers.slice(0, 6).reverse()) await see(tenantId, server, at + 2 * MINUTE, "up");
    await duties(at + 3 * MINUTE);
    const [storm] = await incidents(tenantId, "AND subject_kind = 'storm'");
    expect(storm).toMatchObject({ state: "resolved", status: "up" });
    for (const server of servers.slice(6)) await see(tenantId, server, at + 3 * MINUTE, "connection_refused");
    await duties(at + 4 * MINUTE);
    expect(await triggers(tenantId)).toEqual(["s0", "s1", "s2", "s3", "mcp.three.example.com", "s6", "s7"]);
    expect(await incidents(tenantId, "AND held_by IS NOT NULL AND state = 'open'")).toEqual([]);
    await closeAll(tenantId);
  });

  test("acknowledging a storm acknowledges its members, those that join later as well, and nobody is paged after it", async () => {
    const { tenantId, servers } = await fleet(hosts(9, "mcp.four.example.com"));
    const at = aDay();
    for (const server of servers.slice(0, 8)) await see(tenantId, server, at, "connection_refused");
    const [storm] = await incidents(tenantId, "AND subject_kind = 'storm'");
    const now = new Date(at + MINUTE);
    await db.workerDb.withTenant({ tenantId, actorId: WORKER_ACTOR }, async (tx) => {
      const locked = await incidentById(tx, storm?.id as string);
      if (locked) await acknowledge(tx, tenantId, locked, { name: "Ada", personId: null }, now);
    });
    expect((await incidents(tenantId)).map((i) => i.state)).toEqual(Array(9).fill("acknowledged"));
    const before = await triggers(tenantId);
    await see(tenantId, servers[8] as string, at + MINUTE, "connection_refused");
    for (const m of [2, 6, 20, 70]) await duties(at + m * MINUTE);
    expect(await triggers(tenantId)).toEqual(before);
    expect(await incidents(tenantId, "AND state = 'open'")).toEqual([]);
    await closeAll(tenantId);
  });

  test("two that open at the same moment open one storm at most, and none of its members is told twice", async () => {
    const { tenantId, servers } = await fleet(hosts(12, "mcp.five.example.com"));
    const at = aDay();
    await Promise.all(servers.map((server) => see(tenantId, server, at, "connection_refused")));
    expect(await incidents(tenantId, "AND subject_kind = 'storm'")).toHaveLength(1);
    const names = await triggers(tenantId);
    expect(new Set(names).size).toBe(names.length);
    // A few too many are right under a race; too few are not.
    expect(names.length).toBeGreaterThanOrEqual(5);
    expect(names.length).toBeLessThanOrEqual(9);
    const held = await incidents(tenantId, "AND held_by = 'storm'");
    expect(names.length - 1 + held.length).toBe(12);
    await closeAll(tenantId);
  });
});

describe("one cause over many tenants", () => {
  const tenants = async (n: number, domain: string, sinks?: ("slack" | "pagerduty")[], each = 1) => {
    const made: Made[] = [];
    for (let i = 0; i < n; i++)
      made.push(
        await fleet(
          [...hosts(each, `mcp.${domain}`)].map((u) => `${u}/${i}`),
          sinks,
        ),
      );
    return made;
  };
  const platformSink = async () =>
    makeSink(db, PLATFORM_TENANT, { kind: "slack", name: "operators", config: { mode: "bot", channel: "C2" } });
  const global = () =>
    db.sql("SELECT * FROM incident WHERE tenant_id = $1 AND subject_kind = 'cluster' ORDER BY number", [
      PLATFORM_TENANT,
    ]);
  const share = async (made: Made[], at: number, saw: Reason | "up" = "connection_refused") => {
    for (const { tenantId, servers } of made) for (const server of servers) await see(tenantId, server, at, saw);
  };

  test("below the floor every tenant is paged; without an operators' sink that can be told, above it as well", async () => {
    const few = await tenants(4, "alpha.example.com");
    const at = aDay();
    await share(few, at);
    const many = await tenants(8, "beta.example.com");
    await share(many, at);
    for (const { tenantId } of [...few, ...many]) expect(await triggers(tenantId)).toHaveLength(1);
    expect(await db.sql("SELECT * FROM cluster")).toEqual([]);
    for (const { tenantId } of [...few, ...many]) await closeAll(tenantId);
  });

  test("from the fifth on their pages are held: the operators are told once, tenants by a digest that names nobody else", async () => {
    const sink = await platformSink();
    const made = await tenants(9, "gamma.example.com");
    const [alone] = await tenants(1, "gamma.example.com", ["pagerduty"]);
    const at = aDay();
    await share([...made, alone as Made], at);
    const paged = await Promise.all(made.map(async ({ tenantId }) => (await triggers(tenantId)).length));
    expect(paged).toEqual([1, 1, 1, 1, 0, 0, 0, 0, 0]);
    await duties(at + 6_000);
    await Promise.all([duties(at + 7_000), duties(at + 7_000)]);
    expect(await global()).toMatchObject([{ severity: "P1", state: "open", subject_name: "mcp.gamma.example.com" }]);
    // Its provider was noticed in the same moment: that is one outage and no second notice.
    await db.sql(
      "INSERT INTO cluster (id, cause, reason, opened_at) VALUES (gen_random_uuid(), 'provider:example.com', 'timeout', $1)",
      [new Date(at)],
    );
    await duties(at + 8_000);
    expect(await global()).toHaveLength(1);
    expect(await told(PLATFORM_TENANT)).toEqual(["trigger operators"]);
    const later = made[6] as Made;
    expect(await told(later.tenantId)).toEqual(["digest slack"]);
    const [digest] = await digests(later.tenantId);
    expect(digest?.content.evidence).toContain(
      "We see a wider outage at mcp.gamma.example.com; one of your servers is affected.",
    );
    expect(digest?.content.evidence).not.toMatch(/tenant/i);
    // Nothing but what wakes people: no page for it now, and the hour's digest says it.
    const one = (alone as Made).tenantId;
    expect(await told(one)).toEqual([]);
    // An unrelated failure of a held tenant is told at once.
    const other = await makeServer(db, later.tenantId, {
      name: "other",
      url: "https://else.example.org/",
      fireAfter: 1,
    });
    await see(later.tenantId, other, at + MINUTE, "dns_failure");
    expect(await triggers(later.tenantId)).toEqual(["other"]);

    // Half of them are well again: it is over, and who still fails is told by themselves.
    await share(made.slice(0, 6), at + 10 * MINUTE, "up");
    await duties(at + 11 * MINUTE);
    await share(made.slice(6), at + 12 * MINUTE);
    await duties(at + 13 * MINUTE);
    expect((await global())[0]).toMatchObject({ state: "resolved" });
    expect(await triggers(later.tenantId)).toEqual(["other", "s0"]);
    expect(await triggers((made[5] as Made).tenantId)).toEqual([]);
    for (const { tenantId } of [...made, alone as Made]) await closeAll(tenantId);
    await db.sql("UPDATE sink SET state = 'disabled' WHERE id = $1", [sink]);
  });

  test("nobody waits for longer than an hour, and a tenant without a quiet sink reads of it in the hour's digest", async () => {
    const sink = await platformSink();
    const made = await tenants(6, "delta.example.com", ["pagerduty"]);
    const at = aDay();
    await share(made, at);
    await duties(at + 6_000);
    const last = (made[5] as Made).tenantId;
    expect(await told(last)).toEqual([]);
    await duties(at + 59 * MINUTE);
    expect(await triggers(last)).toEqual([]);
    await duties(at + 61 * MINUTE);
    expect(await triggers(last)).toEqual(["s0"]);
    expect((await digests(last)).map((d) => [d.kind, d.counted, d.content?.title ?? null])).toEqual([
      ["wider", 1, null],
      ["hour", 1, "1 incident held back until 13:00 UTC"],
    ]);
    for (const { tenantId } of made) await closeAll(tenantId);
    await duties(at + 62 * MINUTE);
    await db.sql("UPDATE sink SET state = 'disabled' WHERE id = $1", [sink]);
  });

  test("an operators' policy that tells nobody lets everybody go at once", async () => {
    const sink = await platformSink();
    await db.sql(
      "INSERT INTO silence (tenant_id, id, server_id, comment, starts_at, ends_at, created_at) VALUES ($1, gen_random_uuid(), NULL, 'x', '2026-11-01', '2027-11-01', '2026-11-01')",
      [PLATFORM_TENANT],
    );
    const made = await tenants(6, "eps.example.com");
    const at = aDay();
    await share(made, at);
    await duties(at + 6_000);
    await duties(at + 8_000);
    for (const { tenantId } of made) expect(await triggers(tenantId)).toEqual(["s0"]);
    await db.sql("UPDATE silence SET ends_at = starts_at + interval '1 second' WHERE tenant_id = $1", [
      PLATFORM_TENANT,
    ]);
    for (const { tenantId } of made) await closeAll(tenantId);
    await duties(at + MINUTE);
    await db.sql("UPDATE sink SET state = 'disabled' WHERE id = $1", [sink]);
  });
});

describe("so many notices an hour", () => {
  test("above the tier's budget they are held and counted in one digest of the hour; a P1 of its own passes, and so does every end", async () => {
    const urls = Array.from({ length: 12 }, (_, i) => `https://mcp.b${i}-example.com/`);
    const { tenantId, servers } = await fleet(urls, ["slack", "pagerduty"], "public");
    const at = aDay();
    // Six P2 of six causes are the hour's budget.
    const ways: Reason[] = [
      "timeout",
      "http_not_found",
      "http_moved",
      "version_unsupported",
      "not_mcp",
      "malformed_jsonrpc",
    ];
    for (const [i, server] of servers.slice(0, 6).entries()) await see(tenantId, server, at, ways[i] as Reason);
    for (const [i, server] of servers.slice(6, 10).entries())
      await see(tenantId, server, at + MINUTE, ways[i] as Reason);
    await see(tenantId, servers[10] as string, at + MINUTE, "dns_failure");
    expect(await triggers(tenantId)).toEqual(["s0", "s1", "s2", "s3", "s4", "s5", "s10"]);
    expect((await incidents(tenantId, "AND held_by = 'budget'")).map((i) => i.subject_name)).toEqual([
      "s6",
      "s7",
      "s8",
      "s9",
    ]);
    await db.sql("UPDATE delivery SET state = 'sent', settled_at = created_at WHERE tenant_id = $1", [tenantId]);
    await see(tenantId, servers[0] as string, at + 2 * MINUTE, "up");
    expect((await told(tenantId)).filter((t) => t.startsWith("resolve"))).toEqual(["resolve slack"]);
    await see(tenantId, servers[6] as string, at + 3 * MINUTE, "up");
    // Escalations of what was told go on: they are no new notice.
    await duties(at + 6 * MINUTE);
    expect((await told(tenantId)).filter((t) => t === "trigger pagerduty")).toHaveLength(6);
    expect(await digests(tenantId)).toEqual([]);
    await Promise.all([duties(at + 60 * MINUTE), duties(at + 60 * MINUTE)]);
    const made = await digests(tenantId);
    expect(made).toMatchObject([
      {
        ...{ kind: "hour", counted: 4 },
        content: {
          title: "4 incidents held back until 13:00 UTC",
          evidence:
            "4 incidents since 12:00 UTC were not told one by one; 3 still fail and are told as the routes say from now on.",
        },
      },
    ]);
    expect(made[0]?.content.incidentUrl).toMatch(/\/held\?digest=/);
    expect((await told(tenantId)).filter((t) => t.startsWith("digest"))).toEqual(["digest slack"]);
    // The new hour has a budget of its own.
    expect((await triggers(tenantId)).slice(-3).sort()).toEqual(["s7", "s8", "s9"]);
    await closeAll(tenantId);
  });
});

test("changes of tools that nobody had to be told of at once are told once a day and once a week, quietly", async () => {
  const { tenantId, servers } = await fleet(["https://tools.example.com/"]);
  const change = (digest: string, at: string) =>
    db.sql(
      `INSERT INTO surface_change (tenant_id, id, server_id, era, credentialed, kind, at, to_hash, regions, diff, breaking, digest, state)
       VALUES ($1, gen_random_uuid(), $2, 'modern', false, 'changed', $3, repeat('a', 64), '{fra}', '{"changes":[],"counts":{"added":2,"words":1},"breaking":0}', false, $4, 'noted')`,
      [tenantId, servers[0], at, digest],
    );
  // The 20th of November 2028 is a Monday.
  await change("daily", "2028-11-20T07:00:00Z");
  await change("daily", "2028-11-20T09:00:00Z");
  await change("weekly", "2028-11-17T09:00:00Z");
  const send = (at: string) => sendDigests(db.workerDb, db.sweeper, new Date(at));
  await send("2028-11-20T07:59:00Z");
  expect(await digests(tenantId)).toEqual([]);
  await Promise.all([send("2028-11-20T08:00:00Z"), send("2028-11-20T08:00:00Z")]);
  await send("2028-11-20T08:00:05Z");
  expect((await digests(tenantId)).map((d) => [d.kind, d.content.lines])).toEqual([
    ["day", ["s0: 2 added, 1 reworded"]],
    ["week", ["s0: 2 added, 1 reworded"]],
  ]);
  expect(await told(tenantId)).toEqual(["digest slack", "digest slack"]);
  await send("2028-11-21T08:00:00Z");
  expect((await digests(tenantId)).map((d) => d.kind)).toEqual(["day", "week", "day"]);
});

test("every held incident is listed with what held it, who would have been told and the digest that told of it; so is what was withheld", async () => {
  const { tenantId, servers } = await fleet(hosts(7, "mcp.listed.example.com"));
  const at = aDay();
  for (const server of servers) await see(tenantId, server, at, "connection_refused");
  const now = new Date(at + MINUTE);
  // One that was told of is over before its notice left: that notice is withheld.
  await see(tenantId, servers[0] as string, at + MINUTE, "up");
  const look = (kind: HeldKind | null, q = "") =>
    db.appDb.withTenant({ tenantId, actorId: WORKER_ACTOR, readOnly: true }, async (tx) => ({
      rows: await heldRows(tx, { kind, q, digestId: null }, now, { skip: 0, take: 50 }),
      counts: await heldCounts(tx, { kind, q, digestId: null }, now),
      storm: await stormOf(tx, (await incidents(tenantId, "AND subject_kind = 'storm'"))[0]?.id),
    }));
  const { rows, counts, storm } = await look("storm");
  expect(rows.map((r) => [r.subject, r.by, r.would, r.state])).toEqual([
    ["s6", "Storm #6 mcp.listed.example.com", ["slack", "pagerduty"], "open"],
    ["s5", "Storm #6 mcp.listed.example.com", ["slack", "pagerduty"], "open"],
    ["s4", "Storm #6 mcp.listed.example.com", ["slack", "pagerduty"], "open"],
  ]);
  expect(counts.kinds).toMatchObject({ storm: 3, withheld: 2, budget: 0 });
  expect(counts.days).toMatchObject([{ held: 3, withheld: 2 }]);
  expect((await look("withheld")).rows.map((r) => [r.subject, r.would])).toEqual([
    ["s0", [expect.any(String)]],
    ["s0", [expect.any(String)]],
  ]);
  expect((await look(null, "S6")).rows).toHaveLength(1);
  expect(storm.members.map((m) => [m.subject, m.told])).toEqual([
    ...[1, 2, 3].map((i) => [`s${i}`, true]),
    ...[4, 5, 6].map((i) => [`s${i}`, false]),
    ["s0", true],
  ]);
  await closeAll(tenantId);
});
