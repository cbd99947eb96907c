// The main job: a server dies, one incident, one page at each of six sinks, silence while it lasts, an acknowledgement
// that reaches those who can show it, and one all-clear under the same keys.
import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { execute } from "#lib/commands/command";
import { acknowledgeIncident } from "#lib/commands/incident/acknowledge";
import type { SinkKind } from "#lib/sinks/sink";
import { makeServer } from "#lib/testing/make";
import { ALL_SINKS, type Road, road } from "#lib/testing/road";
import { fleetServer, freePort, type TestServer } from "#lib/testing/servers";
import type { Received } from "#lib/testing/vendors/vendor";

let r: Road;
let live: TestServer | undefined;

beforeAll(async () => {
  r = await road();
});
afterEach(async () => {
  await live?.close();
  live = undefined;
});
afterAll(() => r.close());

const MINUTE = 60_000;

/** What each vendor was asked to do since `from`, in its own words. */
function words(kind: SinkKind, from: Record<SinkKind, number>): string[] {
  return r.vendors
    .received(kind)
    .slice(from[kind])
    .map((item) => said(kind, item));
}

function said(kind: SinkKind, { body, path, method }: Received): string {
  const b = body as Record<string, unknown>;
  if (kind === "pagerduty") return String(b.event_action);
  if (kind === "opsgenie")
    return /\/(acknowledge|close|notes|message|description|priority)/.exec(path)?.[1] ?? "create";
  if (kind === "discord") return method === "PATCH" ? "edit" : "post";
  if (kind === "slack") return path.endsWith("chat.update") ? "edit" : b.thread_ts ? "reply" : "post";
  if (kind === "webhook") return String(b.type);
  return /^✔ Resolved/.test(String(b.text)) ? "all-clear" : b.inReplyTo ? "answer" : "mail";
}

const counts = () =>
  Object.fromEntries(ALL_SINKS.map((k) => [k, r.vendors.received(k).length])) as Record<SinkKind, number>;
const pages = () => Object.fromEntries(ALL_SINKS.map((k) => [k, r.vendors.pages(k)]));
const plus = (before: Record<string, number>, n: number) =>
  Object.fromEntries(Object.entries(before).map(([k, v]) => [k, v + n]));

async function slots(tenantId: string, serverId: string, n: number): Promise<void> {
  for (let i = 0; i < n; i++) await r.slot(tenantId, serverId);
}

async function incidents(tenantId: string) {
  return r.db.sql<{ id: string; number: number; state: string; severity: string; reason: string; dedup_key: string }>(
    "SELECT id, number, state, severity, reason, dedup_key FROM incident WHERE tenant_id = $1 ORDER BY number",
    [tenantId],
  );
}

const operator = (tenantId: string) => ({
  personId: randomUUID(),
  name: "Omar Operator",
  tenantId,
  layers: ["operator"] as const,
});

test("a killed server is one incident and one page at each of six sinks, through half an hour, an acknowledgement and the end", async () => {
  const port = await freePort();
  live = await fleetServer("legacy", { port });
  const { id: tenantId } = await r.tenant();
  const serverId = await makeServer(r.db, tenantId, { name: "Everything", url: live.url });
  await slots(tenantId, serverId, 2);
  expect(await incidents(tenantId)).toEqual([]);

  await live.close();
  const before = pages();
  const from = counts();
  await slots(tenantId, serverId, 2);
  expect(await incidents(tenantId)).toEqual([]);
  await slots(tenantId, serverId, 1);
  const [incident] = await incidents(tenantId);
  expect(incident).toMatchObject({ number: 1, state: "open", severity: "P1", reason: "connection_refused" });
  expect(pages()).toEqual(plus(before, 1));

  await slots(tenantId, serverId, 30);
  expect(pages()).toEqual(plus(before, 1));
  expect(await incidents(tenantId)).toHaveLength(1);
  for (const kind of ALL_SINKS) expect(words(kind, from), kind).toHaveLength(1);

  await execute(r.db.appDb, acknowledgeIncident, operator(tenantId), { incidentId: incident?.id });
  await r.deliver();
  expect(words("pagerduty", from)).toEqual(["trigger", "acknowledge"]);
  expect(words("opsgenie", from)).toEqual(["create", "acknowledge"]);
  expect(words("slack", from)).toEqual(["post", "reply", "edit"]);
  await slots(tenantId, serverId, 20);
  expect(pages()).toEqual(plus(before, 1));

  live = await fleetServer("legacy", { port });
  await slots(tenantId, serverId, 3);
  expect(await incidents(tenantId)).toMatchObject([{ number: 1, state: "resolved" }]);
  await slots(tenantId, serverId, 3);
  expect(words("pagerduty", from)).toEqual(["trigger", "acknowledge", "resolve"]);
  expect(words("opsgenie", from)).toEqual(["create", "acknowledge", "close"]);
  expect(words("slack", from)).toEqual(["post", "reply", "edit", "reply", "edit"]);
  expect(words("discord", from).filter((w) => w === "post")).toHaveLength(1);
  expect(words("discord", from).at(-1)).toBe("edit");
  expect(words("webhook", from)).toEqual([
    "tocsin.incident.triggered",
    "tocsin.incident.acknowledged",
    "tocsin.incident.resolved",
  ]);
  expect(words("email", from).filter((w) => w !== "answer")).toEqual(["mail", "all-clear"]);
  expect(pages()).toEqual(plus(before, 1));
  for (const kind of ["pagerduty", "opsgenie", "email", "webhook"] as const) {
    const keys = new Set(
      r.vendors
        .received(kind)
        .slice(from[kind])
        .map((item) => item.key),
    );
    expect([...keys], kind).toEqual([incident?.dedup_key]);
  }
});

test("one region failing alone is written down and pages nobody; a second one makes it an incident", async () => {
  const { id: tenantId } = await r.tenant();
  const dead = `http://127.0.0.1:${await freePort()}/mcp`;
  live = await fleetServer("html");
  const serverId = await makeServer(r.db, tenantId, { url: dead });
  await slots(tenantId, serverId, 1);
  const before = pages();
  // Only one region looks; the others are silent, which is no failure of the server.
  for (let i = 0; i < 6; i++) await r.slot(tenantId, serverId, ["fra"]);
  expect(pages()).toEqual(before);
  for (let i = 0; i < 3; i++) await r.slot(tenantId, serverId, ["fra", "iad"]);
  expect(pages()).toEqual(plus(before, 1));
});

test("an outage that a sink sleeps through is told there when it wakes, and the others are not kept waiting", async () => {
  const { id: tenantId } = await r.tenant();
  const serverId = await makeServer(r.db, tenantId, { url: `http://127.0.0.1:${await freePort()}/mcp` });
  const before = pages();
  r.vendors.fault("slack", { mode: "status", status: 503 });
  await slots(tenantId, serverId, 4);
  expect(pages()).toEqual({ ...plus(before, 1), slack: before.slack });
  r.vendors.fault("slack", null);
  r.clock.advance(MINUTE);
  await r.deliver();
  expect(pages()).toEqual(plus(before, 1));
});
