// Over 300 lines: every door for machines is tried with the same database, by its real handler, and the worker's own look.
// What comes back from vendors and what other monitors send: who is believed, what it does, and what it never does.
import { createHmac, randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { actKey } from "#lib/adapters/derived-keys";
import { createLog } from "#lib/adapters/log";
import { type Actor, execute } from "#lib/commands/command";
import { resolveIncident } from "#lib/commands/incident/resolve";
import { endInboundSecret, setInboundSecret } from "#lib/commands/sink/inbound-secret";
import { addSource } from "#lib/commands/source/add";
import { revokeSource } from "#lib/commands/source/revoke";
import { makeRef } from "#lib/domain/act-ref";
import { pairOf } from "#lib/domain/sink-inbound";
import { takeInbound } from "../../../worker/inbound/take.ts";
import { inboundTurns } from "../../../worker/inbound/turns.ts";
import { forgetInbound } from "../../../worker/inbound/forget.ts";
import { type TestClock, testClock } from "../../../lib/testing/clock.ts";
import { type TestDatabase, testDatabase } from "../../../lib/testing/database.ts";
import { makeServer, makeSink, makeTenant } from "../../../lib/testing/make.ts";
import { testSettings } from "../../../lib/testing/settings.ts";

vi.mock("server-only", () => ({}));

const START = new Date("2026-11-21T12:00:00Z");
const HOUR = 3_600_000;
let db: TestDatabase;
let clock: TestClock;
const undo: (() => void)[] = [];
type Post = (request: Request, context: { params: Promise<{ sink: string }> }) => Promise<Response>;
const doors = {} as Record<"slack" | "pagerduty" | "opsgenie" | "alertmanager" | "inbound" | "alerts", Post>;
let tenantId: string;
let serverId: string;
let ana: Actor;
let number = 0;
const sinks = { slack: "", pagerduty: "", opsgenie: "" };
const log = createLog("test", "fatal");

beforeAll(async () => {
  db = await testDatabase();
  clock = testClock(START);
  undo.push(testSettings(db));
  Object.assign(process.env, { DATABASE_URL_APP: db.appUrl, LOG_LEVEL: "fatal" });
  doors.slack = (await import("./slack/route.ts")).POST;
  doors.pagerduty = (await import("./pagerduty/[sink]/route.ts")).POST;
  doors.opsgenie = (await import("./opsgenie/[sink]/route.ts")).POST;
  doors.alertmanager = (await import("./alertmanager/route.ts")).POST;
  doors.inbound = (await import("./inbound/route.ts")).POST;
  doors.alerts = (await import("../v2/alerts/route.ts")).POST;
});
afterAll(async () => {
  await (await import("../../_server/db.ts")).db().close();
  clock.restore();
  await db.close();
  for (const step of undo) step();
});
beforeEach(async () => {
  clock.set(START);
  await db.sql("DELETE FROM inbound_alert");
  tenantId = (await makeTenant(db)).id;
  serverId = await makeServer(db, tenantId);
  ana = { personId: randomUUID(), name: "Ana", tenantId, layers: ["operator"] };
  for (const kind of ["slack", "pagerduty", "opsgenie"] as const)
    sinks[kind] = await makeSink(db, tenantId, { kind, name: kind, config: kind === "slack" ? { mode: "bot" } : {} });
});

/** Strangers are counted by address: each request comes from another. */
let line = 0;
function post(door: keyof typeof doors, body: string, headers: Record<string, string> = {}, at = "", query = "") {
  line++;
  const request = new Request(`http://127.0.0.1:3000/api/hooks/${door}${query}`, {
    method: "POST",
    body,
    headers: { "x-tocsin-address": `198.51.${line >> 8}.${line & 255}`, ...headers },
  });
  return doors[door](request, { params: Promise.resolve({ sink: at }) });
}
const codeOf = async (answer: Response): Promise<string> =>
  `${answer.status} ${((await answer.json()) as { code: string }).code}`;

async function incident(): Promise<string> {
  const id = randomUUID();
  await db.sql(
    `INSERT INTO incident (tenant_id, id, number, subject_kind, server_id, subject_name, fingerprint, dedup_key, state, severity, status, reason,
       opened_at, started_at, last_bad_slot, policy)
     VALUES ($1, $2::uuid, $3, 'server', $4, 'A server', $2::text, 'tocsin-' || $2, 'open', 'P1', 'down', 'timeout', $5, $5, $5, '{}')`,
    [tenantId, id, ++number, serverId, clock.now()],
  );
  return id;
}
/** As if these had been told of it. */
async function told(incidentId: string): Promise<void> {
  const noticeId = randomUUID();
  await db.sql(
    `INSERT INTO notice (tenant_id, id, incident_id, kind, dedup_key, content, at) VALUES ($1, $2, $3::uuid, 'trigger', 'tocsin-' || $3::uuid::text, '{}', $4)`,
    [tenantId, noticeId, incidentId, clock.now()],
  );
  for (const sinkId of Object.values(sinks))
    await db.sql(
      `INSERT INTO delivery (tenant_id, id, notice_id, incident_id, sink_id, kind, state, due_at, created_at) VALUES ($1, $2, $3, $4, $5, 'trigger', 'sent', $6, $6)`,
      [tenantId, randomUUID(), noticeId, incidentId, sinkId, clock.now()],
    );
}
const stateOf = async (id: string) => (await db.sql("SELECT state FROM incident WHERE id = $1", [id]))[0]?.["state"];
const toTell = async (id: string, kind: string) =>
  (
    await db.sql(
      "SELECT s.kind FROM delivery d JOIN sink s ON s.id = d.sink_id WHERE d.incident_id = $1 AND d.kind = $2 ORDER BY 1",
      [id, kind],
    )
  ).map((r) => r["kind"]);
const said = async (id: string) =>
  (await db.sql("SELECT decision, sentence FROM incident_event WHERE incident_id = $1 ORDER BY seq", [id])).map(
    (r) => r["sentence"],
  );
const calls = async () =>
  (await db.sql("SELECT outcome FROM inbound_call WHERE tenant_id = $1 ORDER BY at, id", [tenantId])).map(
    (r) => r["outcome"],
  );

const secret = "0123456789abcdef0123456789abcdef";
const give = (sinkId: string, value = "") => execute(db.appDb, setInboundSecret, ana, { sinkId, secret: value });

const pagerBody = (id: string, type = "incident.acknowledged", event = randomUUID()) =>
  JSON.stringify({
    event: {
      ...{ id: event, event_type: type, agent: { summary: "Ada Lovelace" } },
      data: { incident_key: `tocsin-${id}`, assignees: [{ summary: "Grace Hopper" }] },
    },
  });
const pager = (body: string, key = secret, at = pairOf(tenantId, sinks.pagerduty)) =>
  post(
    "pagerduty",
    body,
    { "x-pagerduty-signature": `v1=${createHmac("sha256", key).update(body).digest("hex")}` },
    at,
  );

function click(ref: string, verb = "acknowledge", action: string = randomUUID(), key = secret, offsetS = 0) {
  const payload = {
    ...{ type: "block_actions", user: { id: "U1", name: "ada" }, container: { message_ts: "1.2", channel_id: "C1" } },
    actions: [{ action_id: `tocsin_${verb}`, value: ref, action_ts: action }],
  };
  const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  const at = String(Math.floor(clock.now().getTime() / 1000) + offsetS);
  const signature = `v0=${createHmac("sha256", key).update(`v0:${at}:${body}`).digest("hex")}`;
  return post("slack", body, { "x-slack-signature": signature, "x-slack-request-timestamp": at });
}
const refTo = (incidentId: string, of = tenantId) =>
  makeRef(actKey(), { tenantId: of, incidentId, sinkId: sinks.slack }, clock.now());

describe("PagerDuty", () => {
  test("acknowledges and resolves here by name; PagerDuty is not told what it told, the others are", async () => {
    await give(sinks.pagerduty, secret);
    const id = await incident();
    await told(id);
    expect((await pager(pagerBody(id))).status).toBe(200);
    expect(await stateOf(id)).toBe("acknowledged");
    expect(await said(id)).toEqual(["Ada Lovelace via PagerDuty acknowledged; nobody further is told."]);
    expect(await toTell(id, "acknowledge")).toEqual(["opsgenie", "slack"]);
    const [row] = await db.sql(
      "SELECT e.body, p.body AS personal FROM audit.event e JOIN audit.pii p ON p.event_id = e.id WHERE e.target = $1",
      [`incident:${id}`],
    );
    expect(JSON.stringify(row?.["body"])).toContain("pagerduty");
    expect(JSON.stringify(row?.["body"])).not.toContain("Ada");
    expect(JSON.stringify(row?.["personal"])).toContain("Ada Lovelace via PagerDuty");
    await pager(pagerBody(id, "incident.resolved"));
    expect(await stateOf(id)).toBe("resolved");
    expect(await toTell(id, "resolve")).toEqual(["opsgenie", "slack"]);
  });

  test("our own acknowledge that comes back as a webhook does nothing, nor does the same event twice", async () => {
    await give(sinks.pagerduty, secret);
    const id = await incident();
    await told(id);
    const body = pagerBody(id);
    await pager(body);
    const before = await said(id);
    expect((await pager(body)).status).toBe(200);
    expect((await pager(pagerBody(id))).status).toBe(200);
    expect(await said(id)).toEqual(before);
    expect(await toTell(id, "acknowledge")).toEqual(["opsgenie", "slack"]);
    expect((await calls()).sort()).toEqual(["already", "done"]);
  });

  test("a sink whose proof ran out since it was told keeps nobody from acknowledging or resolving", async () => {
    await give(sinks.pagerduty, secret);
    const id = await incident();
    await told(id);
    await db.sql("UPDATE sink SET proven_at = NULL, proof = NULL, proof_due_at = NULL WHERE id = $1", [sinks.opsgenie]);
    expect((await pager(pagerBody(id))).status).toBe(200);
    expect([await stateOf(id), await toTell(id, "acknowledge")]).toEqual(["acknowledged", ["slack"]]);
    expect((await pager(pagerBody(id, "incident.resolved"))).status).toBe(200);
    expect([await stateOf(id), await toTell(id, "resolve")]).toEqual(["resolved", ["slack"]]);
    expect(
      (await said(id)).filter((s) => /opsgenie: the (acknowledge|resolve) was not sent/.test(String(s))),
    ).toHaveLength(2);
  });
  test("a reassignment is noted, and an event that means nothing here is content with 200", async () => {
    await give(sinks.pagerduty, secret);
    const id = await incident();
    await pager(pagerBody(id, "incident.reassigned"));
    expect(await said(id)).toEqual(["Ada Lovelace via PagerDuty gave this to Grace Hopper."]);
    expect((await pager(pagerBody(id, "incident.priority_updated"))).status).toBe(200);
    expect(await stateOf(id)).toBe("open");
  });

  test("an incident that is not ours is answered as every other, does nothing, and is listed", async () => {
    await give(sinks.pagerduty, secret);
    const answer = await pager(pagerBody(randomUUID()));
    expect([answer.status, await answer.text()]).toEqual([200, ""]);
    expect(await calls()).toEqual(["unknown"]);
  });

  test("another tenant's incident is not touched, though its key is known and the signature is right", async () => {
    await give(sinks.pagerduty, secret);
    const theirs = await incident();
    const attacker = (await makeTenant(db)).id;
    const own = await makeSink(db, attacker, { kind: "pagerduty", name: "own" });
    await execute(db.appDb, setInboundSecret, { ...ana, tenantId: attacker }, { sinkId: own, secret: "f".repeat(32) });
    expect((await pager(pagerBody(theirs), "f".repeat(32), pairOf(attacker, own))).status).toBe(200);
    expect(await stateOf(theirs)).toBe("open");
    // Their sink under the attacker's tenant, and the attacker's secret at their sink: nobody.
    expect((await pager(pagerBody(theirs), "f".repeat(32), pairOf(attacker, sinks.pagerduty))).status).toBe(401);
    expect((await pager(pagerBody(theirs), "f".repeat(32))).status).toBe(401);
  });

  test("the former secret holds for a day beside the new one, and then opens nothing", async () => {
    await give(sinks.pagerduty, secret);
    const next = "e".repeat(32);
    await give(sinks.pagerduty, next);
    for (const key of [secret, next]) expect((await pager(pagerBody(randomUUID()), key)).status).toBe(200);
    clock.advance(24 * HOUR + 1_000);
    expect(await codeOf(await pager(pagerBody(randomUUID()), secret))).toBe("401 E_SIGNATURE");
    expect((await pager(pagerBody(randomUUID()), next)).status).toBe(200);
    await execute(db.appDb, endInboundSecret, ana, { sinkId: sinks.pagerduty, which: "all" });
    expect(await codeOf(await pager(pagerBody(randomUUID()), next))).toBe("401 E_SIGNATURE");
  });
});

describe("who is not believed is told one thing, whatever was wrong", () => {
  const cases: [string, () => Promise<Response>][] = [
    ["no signature", () => post("pagerduty", "{}", {}, pairOf(tenantId, sinks.pagerduty))],
    ["a foreign signature", () => pager(pagerBody(randomUUID()), "f".repeat(32))],
    [
      "a signature of another vendor",
      () => post("pagerduty", "{}", { "x-slack-signature": `v0=${"0".repeat(64)}` }, pairOf(tenantId, sinks.pagerduty)),
    ],
    ["a sink that does not exist", () => pager(pagerBody(randomUUID()), secret, pairOf(tenantId, randomUUID()))],
    ["a sink of another kind", () => pager(pagerBody(randomUUID()), secret, pairOf(tenantId, sinks.slack))],
    ["an address that is none", () => pager(pagerBody(randomUUID()), secret, "../../x")],
    ["Slack, signed by a stranger", async () => click(refTo(await incident()), "acknowledge", "1", "f".repeat(32))],
    ["Slack, six minutes old", async () => click(refTo(await incident()), "acknowledge", "1", secret, -360)],
    ["Slack, six minutes ahead", async () => click(refTo(await incident()), "acknowledge", "1", secret, 360)],
    ["OpsGenie without a token", () => post("opsgenie", "{}", {}, pairOf(tenantId, sinks.opsgenie))],
    [
      "OpsGenie with an empty one",
      () => post("opsgenie", "{}", { "x-tocsin-token": "" }, pairOf(tenantId, sinks.opsgenie)),
    ],
    [
      "a source's token that nobody has",
      () =>
        post("alerts", "[]", { authorization: `Bearer tsrc_${"A".repeat(22)}.${"A".repeat(22)}.${"A".repeat(43)}` }),
    ],
    ["no source's token at all", () => post("inbound", "{}")],
  ];
  test(`401 E_SIGNATURE: ${cases.map(([name]) => name).join("; ")}`, async () => {
    await give(sinks.pagerduty, secret);
    await give(sinks.slack, secret);
    await give(sinks.opsgenie);
    for (const [name, send] of cases)
      expect(await (await send()).json(), name).toEqual({
        ...{ type: "about:blank", status: 401, code: "E_SIGNATURE" },
        title: "This is not signed as it should be, or its token is not known here.",
      });
    expect(await calls()).toEqual([]);
  });

  test("two who replace a secret at once take turns", async () => {
    await Promise.all([give(sinks.opsgenie), give(sinks.opsgenie)]);
    expect(await db.sql("SELECT 1 FROM sink_inbound WHERE sink_id = $1", [sinks.opsgenie])).toHaveLength(2);
  });

  test("more than 64 KiB is not read to its end", async () => {
    await give(sinks.pagerduty, secret);
    expect(await codeOf(await pager("x".repeat(65 * 1024)))).toBe("413 E_TOO_LARGE");
  });
});

describe("Slack", () => {
  test("a button acts by the sink's own secret, once, and the message in Slack is changed too", async () => {
    await give(sinks.slack, secret);
    const id = await incident();
    await told(id);
    const ref = refTo(id);
    for (const _ of [1, 2]) expect((await click(ref, "acknowledge", "17.1")).status).toBe(200);
    expect(await said(id)).toEqual(["ada via Slack acknowledged; nobody further is told."]);
    expect(await toTell(id, "acknowledge")).toEqual(["opsgenie", "pagerduty", "slack"]);
    expect(await calls()).toEqual(["done"]);
    await click(ref, "resolve", "17.2");
    expect(await stateOf(id)).toBe("resolved");
  });

  test("a reference that another sink's secret signed, or that is too old, does nothing", async () => {
    await give(sinks.slack, secret);
    const id = await incident();
    const other = await makeTenant(db);
    expect((await click(refTo(id, other.id))).status).toBe(401);
    const ref = refTo(id);
    clock.advance(8 * 24 * HOUR);
    expect((await click(ref)).status).toBe(401);
    expect(await stateOf(id)).toBe("open");
  });

  test("anything else that the app sends and the installation's own secret signed is content with 200", async () => {
    const { env } = await import("#lib/adapters/env");
    const before = env().TOCSIN_SLACK_SIGNING_SECRET;
    env().TOCSIN_SLACK_SIGNING_SECRET = secret;
    try {
      expect((await click("nobody-made-this")).status).toBe(200);
      const id = await incident();
      expect((await click(refTo(id))).status).toBe(200);
      expect(await stateOf(id)).toBe("acknowledged");
    } finally {
      env().TOCSIN_SLACK_SIGNING_SECRET = before;
    }
  });
});

describe("OpsGenie", () => {
  const send = (id: string, action: string, token: string, username = "eve@example.com") =>
    post(
      "opsgenie",
      JSON.stringify({ action, alert: { alias: `tocsin-${id}`, username, updatedAt: clock.now().getTime() } }),
      { "x-tocsin-token": token },
      pairOf(tenantId, sinks.opsgenie),
    );

  test("acts by the token that was shown once, as the person of this tenant whose address it is", async () => {
    const { token } = await give(sinks.opsgenie);
    const { slug } = (await db.sql("SELECT slug FROM tenant WHERE id = $1", [tenantId]))[0] as { slug: string };
    const person = randomUUID();
    await db.sql(
      "INSERT INTO person (id, issuer, subject, name, email, groups, created_at, last_seen_at) VALUES ($1::uuid, 'i', $1::uuid::text, 'Eve Person', 'Eve@Example.com', $2, now(), now())",
      [person, [`tocsin-operator-${slug}`]],
    );
    const id = await incident();
    await told(id);
    expect((await send(id, "Acknowledge", token ?? "")).status).toBe(200);
    const [row] = await db.sql("SELECT state, acknowledged_by FROM incident WHERE id = $1", [id]);
    expect(row).toEqual({ state: "acknowledged", acknowledged_by: person });
    expect(await said(id)).toEqual(["Eve Person via OpsGenie acknowledged; nobody further is told."]);
    expect(await toTell(id, "acknowledge")).toEqual(["pagerduty", "slack"]);
  });

  test("an address of somebody who may not acknowledge here puts no name of theirs under it", async () => {
    const { token } = await give(sinks.opsgenie);
    await db.sql(
      "INSERT INTO person (id, issuer, subject, name, email, groups, created_at, last_seen_at) VALUES ($1::uuid, 'i', $1::uuid::text, 'The Root', 'root@example.com', '{tocsin-root}', now(), now())",
      [randomUUID()],
    );
    const id = await incident();
    await send(id, "Acknowledge", token ?? "", "root@example.com");
    expect(await said(id)).toEqual(["root via OpsGenie acknowledged; nobody further is told."]);
    await send(id, "Close", token ?? "");
    expect(await stateOf(id)).toBe("resolved");
  });
});

describe("other monitors", () => {
  const source = (kind = "alertmanager", perMinute = 600) =>
    execute(db.appDb, addSource, ana, { kind, name: "Prom", defaultSeverity: "P3", perMinute, resolveAfterS: 300 });
  const iso = (offsetS: number) => new Date(clock.now().getTime() + offsetS * 1000).toISOString();
  const alert = (over: object = {}) => ({
    // Whose alert it is, its source says: a label of that name is not believed.
    labels: { alertname: "HighLatency", service: "api", severity: "page", source: "Somebody else" },
    ...{ annotations: { summary: "p95 is over 2 s" }, startsAt: iso(-30), endsAt: iso(240) },
    ...over,
  });
  const send = (token: string, body: unknown, door: "alerts" | "alertmanager" | "inbound" = "alerts") =>
    post(door, JSON.stringify(body), { authorization: `Bearer ${token}` });
  const take = () => takeInbound(db.workerDb, db.sweeper, clock.now(), log);
  const found = () =>
    db.sql(
      "SELECT state, severity, subject_kind, subject_name, reason, evidence, labels, fingerprint FROM incident WHERE tenant_id = $1 ORDER BY number",
      [tenantId],
    );

  test("an alert of Prometheus is accepted, opens one incident however often it is sent, and ends it", async () => {
    const { id, token } = await source();
    const answer = await send(token, [alert()]);
    expect([answer.status, await answer.text()]).toEqual([200, ""]);
    expect(await found()).toEqual([]);
    expect(await take()).toBe(1);
    for (let i = 0; i < 3; i++) await send(token, [alert()]);
    expect(await take()).toBe(0);
    const [opened] = await found();
    expect(opened).toMatchObject({
      ...{
        state: "open",
        severity: "P1",
        subject_kind: "alert",
        subject_name: "HighLatency (api)",
        reason: "external_alert",
      },
      ...{
        evidence: "Prom says: p95 is over 2 s",
        labels: { alertname: "HighLatency", service: "api", severity: "page", source: "Prom" },
      },
    });
    expect(opened?.["fingerprint"]).toMatch(new RegExp(`^source:${id}:[0-9a-f]{32}:serving$`));
    expect(await send(token, [alert({ endsAt: iso(-1) })]).then((a) => a.status)).toBe(200);
    await take();
    expect(await found()).toMatchObject([{ state: "resolved" }]);
    const [row] = await db.sql("SELECT outcome, status FROM inbound_alert WHERE source_id = $1", [id]);
    expect(row).toEqual({ outcome: "resolved", status: "resolved" });
  });

  test("what is not sent again in its time counts as over, with that reason; sent again it opens anew", async () => {
    const { token } = await source();
    await send(token, [alert({ endsAt: undefined })]);
    await take();
    clock.advance(299_000);
    expect(await take()).toBe(0);
    clock.advance(2_000);
    expect(await take()).toBe(1);
    expect(await found()).toMatchObject([{ state: "resolved" }]);
    const rows = await db.sql("SELECT sentence FROM incident_event WHERE tenant_id = $1 AND decision = 'resolved'", [
      tenantId,
    ]);
    expect(rows).toEqual([{ sentence: "Prom did not send it again in its time, so it counts as over." }]);
    await send(token, [alert()]);
    await take();
    expect(await found()).toMatchObject([{ state: "resolved" }, { state: "open" }]);
  });

  test("after a time in which nobody looked, what could not be sent again has time to be, and what came before is not lost", async () => {
    const { token } = await source();
    const look = inboundTurns(db.workerDb, db.sweeper, log);
    await send(token, [alert()]);
    await look(clock.now());
    await send(token, [alert({ labels: { alertname: "Unseen" } })]);
    clock.advance(20 * 60_000);
    await look(clock.now());
    expect((await found()).map((i) => i["state"])).toEqual(["open", "open"]);
    await send(token, [alert({ endsAt: iso(900) })]);
    for (let m = 0; m < 5; m++) {
      clock.advance(60_000);
      await look(clock.now());
    }
    expect((await found()).map((i) => [i["subject_name"], i["state"]])).toEqual([
      ["HighLatency (api)", "open"],
      ["Unseen", "resolved"],
    ]);
  });

  test("what an Alertmanager sends to its webhook fires for as long as it says nothing else", async () => {
    const { token } = await source();
    const body = (status: string, endsAt: string) => ({ version: "4", alerts: [{ ...alert(), status, endsAt }] });
    expect((await send(token, body("firing", "0001-01-01T00:00:00Z"), "alertmanager")).status).toBe(200);
    await take();
    clock.advance(48 * HOUR);
    await take();
    expect(await found()).toMatchObject([{ state: "open" }]);
    await send(token, body("resolved", iso(-1)), "alertmanager");
    await take();
    expect(await found()).toMatchObject([{ state: "resolved" }]);
  });

  test("any script may send, with its token or by signing, and what is shown has to hold", async () => {
    const { id, token, signingSecret } = await source("generic");
    const body = JSON.stringify({ id: "disk", status: "firing", severity: "warning", title: "Disk is full" });
    const at = String(Math.floor(clock.now().getTime() / 1000));
    const key = Buffer.from(signingSecret.slice("whsec_".length), "base64");
    const signature = `v1,${createHmac("sha256", key).update(`m1.${at}.${body}`).digest("base64")}`;
    const headers = { "webhook-id": "m1", "webhook-timestamp": at, "webhook-signature": signature };
    const at2 = `?source=${pairOf(tenantId, id)}`;
    expect((await post("inbound", body, headers, "", at2)).status).toBe(202);
    expect((await post("inbound", body, { ...headers, authorization: `Bearer ${token}` })).status).toBe(202);
    expect(
      (
        await post("inbound", body, {
          ...headers,
          "webhook-signature": `v1,${"A".repeat(43)}=`,
          authorization: `Bearer ${token}`,
        })
      ).status,
    ).toBe(401);
    expect((await post("inbound", `${body} `, headers, "", at2)).status).toBe(401);
    expect((await post("inbound", body, headers, "", `?source=${pairOf(randomUUID(), id)}`)).status).toBe(401);
    await take();
    expect(await found()).toMatchObject([{ severity: "P3", subject_name: "Disk is full" }]);
  });

  test("closed by hand it stays closed while it says the same, and opens anew once it is graver", async () => {
    const { token } = await source("generic");
    const disk = (severity: string) =>
      send(token, { id: "disk", status: "firing", severity, title: "Disk" }, "inbound");
    await disk("P3");
    await take();
    clock.advance(60_000);
    const [first] = await db.sql("SELECT id FROM incident WHERE tenant_id = $1", [tenantId]);
    await execute(db.appDb, resolveIncident, ana, { incidentId: first?.["id"] });
    clock.advance(60_000);
    await disk("P3");
    await take();
    expect(await found()).toMatchObject([{ state: "resolved" }]);
    await disk("P1");
    await take();
    expect(await found()).toMatchObject([{ state: "resolved" }, { state: "open", severity: "P1" }]);
  });

  test("a signed request that comes twice counts once: an old end sent again does not end what began since", async () => {
    const { id, signingSecret } = await source("generic");
    const key = Buffer.from(signingSecret.slice("whsec_".length), "base64");
    const tell = async (message: string, status: string) => {
      const body = JSON.stringify({ id: "disk", status, title: "Disk is full" });
      const at = String(Math.floor(clock.now().getTime() / 1000));
      const signature = `v1,${createHmac("sha256", key).update(`${message}.${at}.${body}`).digest("base64")}`;
      const headers = { "webhook-id": message, "webhook-timestamp": at, "webhook-signature": signature };
      const answer = await post("inbound", body, headers, "", `?source=${pairOf(tenantId, id)}`);
      await take();
      clock.advance(1_000);
      return answer.status;
    };
    for (const [message, status] of [
      ["m1", "firing"],
      ["m2", "resolved"],
      ["m3", "firing"],
      ["m2", "resolved"],
    ] as const)
      expect(await tell(message, status)).toBe(202);
    expect(await found()).toMatchObject([{ state: "resolved" }, { state: "open" }]);
    expect(await tell("m4", "resolved")).toBe(202);
    expect(await found()).toMatchObject([{ state: "resolved" }, { state: "resolved" }]);
  });

  test("over its rate or behind its backlog a source is asked to come again: 503 with Retry-After, never another 4xx", async () => {
    const { token } = await source("alertmanager", 2);
    expect((await send(token, [alert(), alert({ labels: { alertname: "Two" } })])).status).toBe(200);
    clock.advance(20_000);
    const busy = await send(token, [alert({ labels: { alertname: "Three" } })]);
    expect([busy.status, busy.headers.get("retry-after")]).toEqual([503, "40"]);
    clock.advance(41_000);
    expect((await send(token, [alert({ labels: { alertname: "Three" } })])).status).toBe(200);
    expect(await db.sql("SELECT 1 FROM inbound_alert WHERE tenant_id = $1", [tenantId])).toHaveLength(3);
  });

  test("a clock that was ahead and is set right makes nothing that came meanwhile, or comes now, wait for it", async () => {
    const { token } = await source("alertmanager", 2);
    clock.advance(2 * HOUR);
    expect((await send(token, [alert(), alert({ labels: { alertname: "Two" } })])).status).toBe(200);
    clock.set(START);
    expect((await send(token, [alert({ labels: { alertname: "Three" } })])).status).toBe(200);
    expect(await take()).toBe(3);
    expect(await found()).toHaveLength(3);
  });

  test("with the database away it is 503, and nothing is said of why", async () => {
    const { token } = await source();
    const held = globalThis as { tocsinDb?: unknown };
    const real = held.tocsinDb;
    held.tocsinDb = {
      withTenant: () =>
        Promise.reject(Object.assign(new Error("connect ECONNREFUSED 10.0.0.5:5432"), { code: "ECONNREFUSED" })),
    };
    try {
      const answer = await send(token, [alert()]);
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
      expect(await answer.text()).not.toMatch(/ECONN|10\.0/);
      const calendar = await import("../on-call/[token]/route.ts");
      const asked = new Request("http://127.0.0.1:3000/api/on-call/x");
      expect((await calendar.GET(asked, { params: Promise.resolve({ token: "A".repeat(64) }) })).status).toBe(503);
    } finally {
      held.tocsinDb = real;
    }
  });

  test("one alert that is not understood is refused by name as an Alertmanager does, listed, and the others are taken", async () => {
    const { id, token } = await source();
    const answer = await send(token, [{ labels: {} }, alert()]);
    expect([answer.status, await answer.json()]).toEqual([400, "Alert 1: It has no label."]);
    expect((await send(token, "nonsense")).status).toBe(400);
    const [row] = await db.sql(
      "SELECT accepted::int AS accepted, refused::int AS refused FROM inbound_source WHERE id = $1",
      [id],
    );
    expect(row).toEqual({ accepted: 1, refused: 2 });
    expect(await calls()).toEqual(["refused", "refused"]);
    expect(await take()).toBe(1);
  });

  test("labels that take more room than is kept are refused by name, and cost the others nothing", async () => {
    const { token } = await source();
    const labels = (each: string) =>
      Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`l${i}`, each.repeat(1_024)]));
    const answer = await send(token, [alert({ labels: labels("語") }), alert()]);
    expect([answer.status, await answer.json()]).toEqual([400, "Alert 1: Its labels take more than 64 KiB."]);
    expect((await send(token, [alert({ labels: labels("a") })])).status).toBe(200);
    expect(await take()).toBe(2);
  });

  test("2,001 alerts at once are 413 by a code, and 2,000 are taken within one request", async () => {
    const { token } = await source("alertmanager", 5_000);
    const list = Array.from({ length: 2_001 }, (_, i) => ({ labels: { alertname: `A${i}` }, endsAt: iso(900) }));
    expect(await codeOf(await send(token, list))).toBe("413 E_TOO_LARGE");
    expect((await send(token, list.slice(1))).status).toBe(200);
    expect(
      await db.sql("SELECT 1 FROM inbound_alert WHERE tenant_id = $1 AND waiting_since IS NOT NULL", [tenantId]),
    ).toHaveLength(2_000);
    await db.sql("DELETE FROM inbound_alert WHERE tenant_id = $1", [tenantId]);
  });

  test("a key that was taken back opens nothing, and what it said still fires is over", async () => {
    const { id, token } = await source();
    await send(token, [alert()]);
    await take();
    await execute(db.appDb, revokeSource, ana, { sourceId: id });
    expect((await send(token, [alert()])).status).toBe(401);
    await take();
    expect(await found()).toMatchObject([{ state: "resolved" }]);
  });

  test("two workers that look at once open one incident; one that fails leaves the alert to be looked at again", async () => {
    const { token } = await source();
    await send(token, [alert()]);
    expect(await Promise.all([take(), take()])).toContain(1);
    expect(await found()).toHaveLength(1);
    await send(token, [alert({ labels: { alertname: "Broken" } })]);
    await db.sql("ALTER TABLE incident ADD CONSTRAINT broken CHECK (subject_name <> 'Broken')");
    await expect(take()).rejects.toThrow();
    expect(await take()).toBe(0);
    const [row] = await db.sql("SELECT tries, outcome FROM inbound_alert WHERE tenant_id = $1 AND title = 'Broken'", [
      tenantId,
    ]);
    expect(row).toEqual({ tries: 1, outcome: "failed" });
    await db.sql("ALTER TABLE incident DROP CONSTRAINT broken");
    clock.advance(5_000);
    expect(await take()).toBe(1);
    expect(await found()).toHaveLength(2);
  });

  test("what came is forgotten after its time, and what still fires never", async () => {
    const { token } = await source();
    await send(token, [
      alert({ endsAt: iso(90 * 86_400) }),
      alert({ labels: { alertname: "Over" }, endsAt: iso(-1) }),
      {},
    ]);
    await take();
    clock.advance(31 * 24 * HOUR);
    expect(await forgetInbound(db.workerDb, db.sweeper, clock.now())).toBeGreaterThanOrEqual(2);
    expect(await db.sql("SELECT status FROM inbound_alert WHERE tenant_id = $1", [tenantId])).toEqual([
      { status: "firing" },
    ]);
    expect(await calls()).toEqual([]);
  });

  test("a flood of one source makes another's alert wait for its turn, not for the flood's end", async () => {
    const { token } = await source("alertmanager", 5_000);
    await send(
      token,
      Array.from({ length: 300 }, (_, i) => ({ labels: { alertname: `F${i}` }, endsAt: iso(900) })),
    );
    clock.advance(1_000);
    const { token: quiet } = await source();
    await send(quiet, [alert()]);
    expect(await takeInbound(db.workerDb, db.sweeper, clock.now(), log, undefined, true, 100)).toBeLessThan(301);
    expect(await found()).toContainEqual(expect.objectContaining({ subject_name: "HighLatency (api)" }));
    await db.sql("DELETE FROM inbound_alert WHERE tenant_id = $1", [tenantId]);
  });
});
