// Over 300 lines: storms, clusters, budgets and digests share one installation and its helpers.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import type { Reason } from "#lib/domain/reason";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { aSealedSlot } from "#lib/testing/sealed";
import { decide } from "../pipeline/decide.ts";

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
  for (const [i, url] of urls.entries()) servers.push(await makeServer(db, tenantId, { name: `s${i}`, url, fireAfter: 1, clearAfter: 1 }));
  for (const kind of sinks)
    await makeSink(db, tenantId, { kind, name: kind, config: kind === "slack" ? { mode: "bot", channel: "C1" } : { region: "us" } });
  return { tenantId, servers };
}

const see = (tenantId: string, serverId: string, at: number, saw: Reason | "up") =>
  decide(db.workerDb, aSealedSlot({ tenantId, serverId, slot: at }, { fra: saw, iad: saw }), new Date(at + 5_000));
const incidents = (tenantId: string, where = "") =>
  db.sql(`SELECT * FROM incident WHERE tenant_id = $1 ${where} ORDER BY number`, [tenantId]);
const triggers = async (tenantId: string) =>
  (await db.sql("SELECT i.subject_name AS name FROM notice n JOIN incident i ON i.id = n.incident_id WHERE n.tenant_id = $1 AND n.kind = 'trigger' ORDER BY n.at, i.number", [tenantId])).map((r) => r.name);

const hosts = (n: number, domain: string) => Array.from({ length: n }, (_, i) => `https://${domain}/${i}`);

describe("a storm within one tenant", () => {
  test("of many servers of one host the first four are told by themselves, then one storm, and another server's own failure at once", async () => {
    const { tenantId, servers } = await fleet([...hosts(30, "mcp.one.example.com"), "https://other.example.net/mcp"]);
    const at = aDay();
    for (const server of servers.slice(0, 30)) await see(tenantId, server, at, "connection_refused");
    await see(tenantId, servers[30] as string, at, "http_server_error");
    expect(await triggers(tenantId)).toEqual(["s0", "s1", "s2", "s3", "mcp.one.example.com", "s30"]);
    const [storm] = await incidents(tenantId, "AND subject_kind = 'storm'");
    expect(storm).toMatchObject({ severity: "P1", reason: "connection_refused", state: "open", evidence: "5 servers at mcp.one.example.com: connection refused." });
    const held = await incidents(tenantId, "AND held_by = 'storm'");
    expect(held).toHaveLength(26);
    expect(new Set(held.map((h) => h.held_ref))).toEqual(new Set([storm?.id]));
    expect(await db.sql("SELECT count(*)::int AS n FROM storm_member WHERE storm_id = $1", [storm?.id])).toEqual([{ n: 30 }]);
  });
});
