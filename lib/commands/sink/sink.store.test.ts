// What a person may do to a sink, as rows: secrets sealed and kept, tests sent over the outbox, dead deliveries redriven.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Actor, execute } from "#lib/commands/command";
import { redriveDelivery } from "#lib/commands/delivery/redrive";
import { savePolicy } from "#lib/commands/policy/save";
import { sink as sinkQuery } from "#lib/queries/sinks";
import type { Tx } from "#lib/adapters/db";
import { type TestDatabase, testDatabase } from "../../testing/database.ts";
import { makeSink, makeTenant } from "../../testing/make.ts";
import { testSettings } from "../../testing/settings.ts";
import { changeSink } from "./change.ts";
import { createSink } from "./create.ts";
import { openHidden } from "./input.ts";
import { challengeSink } from "#lib/commands/sink/challenge";
import { setInboundSecret } from "#lib/commands/sink/inbound-secret";
import { removeSink } from "./remove.ts";
import { disableSink, enableSink } from "./switch.ts";
import { testSend } from "./test-send.ts";

let db: TestDatabase;
let putAway = () => {};
beforeAll(async () => {
  db = await testDatabase();
  putAway = testSettings(db);
});
afterAll(async () => {
  putAway();
  await db.close();
});

async function operator(): Promise<Actor> {
  return { personId: randomUUID(), name: "Olga Operator", tenantId: (await makeTenant(db)).id, layers: ["operator"] };
}
const as =
  (who: Actor) =>
  <I, R>(command: Parameters<typeof execute<I, R>>[1], input: unknown) =>
    execute<I, R>(db.appDb, command, who, input);
const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const webhook = (over: Record<string, string> = {}) => ({
  kind: "webhook",
  name: "Tickets",
  config: { url: "https://hooks.example.com/tocsin", secret: SECRET, ...over },
});
const proven = (sinkId: string) =>
  db.sql("UPDATE sink SET proven_at = now(), proof = 'webhook', proof_due_at = '2036-01-01' WHERE id = $1", [sinkId]);
const within = <T>(who: Actor, fn: (tx: Tx) => Promise<T>) =>
  db.appDb.withTenant({ tenantId: who.tenantId, actorId: who.personId }, fn);
const hiddenOf = async (who: Actor, id: string) => {
  const [row] = await db.sql<{ sealed: Buffer | null; config: Record<string, string> }>(
    "SELECT sealed, config FROM sink WHERE id = $1",
    [id],
  );
  return {
    config: row?.config,
    hidden: await within(who, (tx) => openHidden(tx, who.tenantId, id, row?.sealed ?? null)),
  };
};

test("a sink's secret is sealed apart from its form, and neither the page's question nor the log holds it", async () => {
  const who = await operator();
  const { sinkId } = await as(who)(createSink, webhook());
  expect(await hiddenOf(who, sinkId)).toEqual({
    config: { url: "https://hooks.example.com/tocsin" },
    hidden: { secret: SECRET },
  });
  const shown = await db.appDb.withTenant({ tenantId: who.tenantId, actorId: who.personId, readOnly: true }, (tx) =>
    sinkQuery(tx, sinkId),
  );
  expect(shown).toMatchObject({ name: "Tickets", hasSecret: true });
  expect(JSON.stringify(shown)).not.toContain(SECRET);
  expect(
    JSON.stringify(await db.sql("SELECT body FROM audit.event WHERE tenant_id = $1", [who.tenantId])),
  ).not.toContain(SECRET);
});

test("a secret left empty stays, a new one replaces it", async () => {
  const who = await operator();
  const { sinkId } = await as(who)(createSink, webhook());
  await as(who)(changeSink, {
    sinkId,
    name: "Tickets",
    config: { url: "https://hooks.example.com/other", secret: "" },
  });
  expect(await hiddenOf(who, sinkId)).toEqual({
    config: { url: "https://hooks.example.com/other" },
    hidden: { secret: SECRET },
  });
  const next = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;
  await as(who)(changeSink, {
    sinkId,
    name: "Tickets",
    config: { url: "https://hooks.example.com/other", secret: next },
  });
  expect((await hiddenOf(who, sinkId)).hidden).toEqual({ secret: next });
});

describe("a form that cannot work is refused beside its field", () => {
  test.each([
    ["an unknown kind", { kind: "pigeon", name: "x", config: {} }, { code: "E_INVALID", field: "kind" }],
    ["no name", { ...webhook(), name: " " }, { code: "E_INVALID", field: "name" }],
    ["no address", webhook({ url: "" }), { code: "E_INVALID", field: "config.url" }],
    ["a field the kind has not", webhook({ extra: "1" }), { code: "E_UNKNOWN_FIELD" }],
  ])("%s", async (_, input, refusal) => {
    const who = await operator();
    await expect(as(who)(createSink, input)).rejects.toMatchObject(refusal);
    expect(await db.sql("SELECT 1 FROM sink WHERE tenant_id = $1", [who.tenantId])).toEqual([]);
  });
});

test("a test send is a delivery like any other; a disabled sink gets none", async () => {
  const who = await operator();
  const { sinkId } = await as(who)(createSink, webhook());
  await proven(sinkId);
  const { deliveryId } = await as(who)(testSend, { sinkId });
  const [row] = await db.sql(
    "SELECT d.kind, d.state, n.kind AS notice, n.content->>'by' AS by FROM delivery d JOIN notice n ON n.id = d.notice_id WHERE d.id = $1",
    [deliveryId],
  );
  expect(row).toEqual({ kind: "test", state: "pending", notice: "test", by: "Olga Operator" });
  await as(who)(disableSink, { sinkId });
  await expect(as(who)(testSend, { sinkId })).rejects.toMatchObject({ code: "E_STATE" });
  await as(who)(enableSink, { sinkId });
  await expect(as(who)(enableSink, { sinkId })).rejects.toMatchObject({ code: "E_STATE" });
});

test("a dead delivery is redriven once, and only while its sink is enabled", async () => {
  const who = await operator();
  const { sinkId } = await as(who)(createSink, webhook());
  await proven(sinkId);
  const { deliveryId } = await as(who)(testSend, { sinkId });
  await expect(as(who)(redriveDelivery, { deliveryId })).rejects.toMatchObject({ code: "E_STATE" });
  await db.sql("UPDATE delivery SET state = 'dead', settled_at = now() WHERE id = $1", [deliveryId]);
  await as(who)(disableSink, { sinkId });
  await expect(as(who)(redriveDelivery, { deliveryId })).rejects.toMatchObject({ code: "E_STATE" });
  await as(who)(enableSink, { sinkId });
  const both = await Promise.allSettled([
    as(who)(redriveDelivery, { deliveryId }),
    as(who)(redriveDelivery, { deliveryId }),
  ]);
  expect(both.map((b) => b.status).sort()).toEqual(["fulfilled", "rejected"]);
  const [row] = await db.sql("SELECT state, redriven_at IS NOT NULL AS again FROM delivery WHERE id = $1", [
    deliveryId,
  ]);
  expect(row).toEqual({ state: "pending", again: true });
});

test("removing deletes the secret at once and keeps the row for its deliveries", async () => {
  const who = await operator();
  const { sinkId } = await as(who)(createSink, webhook());
  await as(who)(removeSink, { sinkId });
  const [row] = await db.sql("SELECT sealed, state, removed_at IS NOT NULL AS removed FROM sink WHERE id = $1", [
    sinkId,
  ]);
  expect(row).toEqual({ sealed: null, state: "disabled", removed: true });
  await expect(as(who)(removeSink, { sinkId })).rejects.toMatchObject({ code: "E_NOT_FOUND" });
  const spoken = await makeSink(db, who.tenantId, { kind: "opsgenie" });
  await as(who)(setInboundSecret, { sinkId: spoken, secret: "" });
  await as(who)(removeSink, { sinkId: spoken });
  expect(await db.sql("SELECT 1 FROM sink_inbound WHERE sink_id = $1", [spoken])).toEqual([]);
  const mail = await as(who)(createSink, { kind: "email", name: "Mail", config: { recipients: "ana@example.com" } });
  await as(who)(challengeSink, mail);
  await as(who)(removeSink, mail);
  expect(await db.sql("SELECT state FROM delivery WHERE sink_id = $1", [mail.sinkId])).toEqual([{ state: "withheld" }]);
});

test("a policy cannot name another tenant's sink", async () => {
  const who = await operator();
  const foreign = await makeSink(db, (await makeTenant(db)).id, { kind: "webhook" });
  const steps = [{ afterMinutes: 0, targets: [{ sinkId: foreign, severities: ["P1"] }] }];
  await expect(as(who)(savePolicy, { steps })).rejects.toMatchObject({ code: "E_INVALID", field: "steps" });
  const { sinkId } = await as(who)(createSink, webhook());
  await as(who)(savePolicy, { steps: [{ afterMinutes: 0, targets: [{ sinkId, severities: ["P1"] }] }] });
  await as(who)(savePolicy, { steps: [{ afterMinutes: 0, targets: [{ sinkId, severities: ["P1", "P2"] }] }] });
  expect(
    await db.sql("SELECT steps->0->'targets'->0->'severities' AS s FROM policy WHERE tenant_id = $1", [who.tenantId]),
  ).toEqual([{ s: ["P1", "P2"] }]);
});
