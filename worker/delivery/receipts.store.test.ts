// OpsGenie accepts first and works later: what it says then is asked for, shown, and acted upon.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { incidentById } from "#lib/commands/incident/row";
import { tell } from "#lib/commands/incident/tell";
import { places } from "#lib/adapters/secrets";
import { sender } from "#lib/adapters/send";
import type { NoticeKind } from "#lib/domain/notice";
import { deliveries } from "#lib/queries/deliveries";
import { makeServer, makeSink } from "#lib/testing/make";
import { type Road, road } from "#lib/testing/road";
import { askReceipts } from "./receipts.ts";

const WORKER = "00000000-0000-4000-8000-0000000000a1";
const WORKS = "2f6a1c1e-0b1d-4a39-9a06-6a1f5d1d2c3b";
const IGNORES = "11111111-0b1d-4a39-9a06-6a1f5d1d2c3b";
let r: Road;
let tenantId: string;

beforeAll(async () => {
  r = await road();
});
afterAll(() => r.close());
beforeEach(async () => {
  await r.db.sql("UPDATE delivery SET state = 'withheld' WHERE state IN ('pending', 'leased', 'sent')");
  tenantId = (await r.tenant()).id;
});

async function paged(apiKey: string): Promise<{ incidentId: string; sinkId: string }> {
  const [incidentId, sinkId] = [randomUUID(), randomUUID()];
  const sealed = await r.box.seal(r.db.workerDb, places.sink(tenantId, sinkId), JSON.stringify({ apiKey }));
  await makeSink(r.db, tenantId, { id: sinkId, kind: "opsgenie", name: "Night", config: { region: "us" }, sealed });
  await r.db.sql(
    `INSERT INTO incident (tenant_id, id, number, subject_kind, server_id, subject_name, fingerprint, dedup_key, state, severity, status, reason, opened_at, started_at, last_bad_slot, policy)
     VALUES ($1, $2::uuid, $5, 'server', $3, 'A server', $2::text, $2::text, 'open', 'P1', 'down', 'timeout', $4, $4, $4, '{}')`,
    [tenantId, incidentId, await makeServer(r.db, tenantId), r.clock.now(), Math.ceil(Math.random() * 1e9)],
  );
  await say(incidentId, "trigger", sinkId);
  return { incidentId, sinkId };
}

const say = (incidentId: string, kind: NoticeKind, sinkId: string) =>
  r.db.workerDb.withTenant({ tenantId, actorId: WORKER }, async (tx) => {
    const about = await incidentById(tx, incidentId);
    if (about !== null) await tell(tx, tenantId, about, kind, [sinkId], r.clock.now());
  });

/** Sends what is due and asks after what was promised, every so often. */
async function go(times: number, everyS: number): Promise<void> {
  const d = { db: r.db.workerDb, box: r.box, bases: r.vendors.bases, send: sender(() => undefined) };
  for (let i = 0; i < times; i++) {
    await r.outbox.settleAll();
    r.clock.advance(everyS * 1_000);
    await askReceipts(d, r.db.sweeper, r.clock.now());
  }
}

const rows = (sinkId: string) =>
  r.db.appDb.withTenant({ tenantId, actorId: WORKER }, (tx) => deliveries(tx, { sinkId }));

test("accepted is not confirmed: it is asked until the vendor says that it is done", async () => {
  const { sinkId } = await paged(WORKS);
  await r.outbox.settleAll();
  expect(await rows(sinkId)).toMatchObject([{ state: "sent", receipt: "waiting" }]);
  await go(1, 2);
  expect(await rows(sinkId)).toMatchObject([{ state: "sent", receipt: "waiting" }]);
  await go(1, 5);
  expect(await rows(sinkId)).toMatchObject([{ state: "sent", receipt: "confirmed" }]);
});

test("a page that the integration ignores is sent again, and is dead and says so when that does not help", async () => {
  const before = r.vendors.received("opsgenie").filter((call) => call.method === "POST").length;
  const { incidentId, sinkId } = await paged(IGNORES);
  await go(20, 15);
  expect(await rows(sinkId)).toMatchObject([
    {
      state: "dead",
      receipt: null,
      reason: expect.stringContaining("did not do it: Ignored by the integration's rules"),
    },
  ]);
  expect(r.vendors.received("opsgenie").filter((call) => call.method === "POST")).toHaveLength(before + 4);
  const said = await r.db.sql(
    "SELECT decision FROM incident_event WHERE incident_id = $1 AND stage = 'deliver' ORDER BY seq",
    [incidentId],
  );
  expect(said.at(-1)).toEqual({ decision: "dead" });
});

test("what somebody closed there already needs no resolve: that is said, and nothing is sent again", async () => {
  const { incidentId, sinkId } = await paged(WORKS);
  await go(2, 5);
  await r.db.sql("UPDATE incident SET state = 'resolved', resolved_at = $2 WHERE id = $1", [incidentId, r.clock.now()]);
  await fetch(`${r.vendors.bases.opsgenieUs}/v2/alerts/${incidentId}/close?identifierType=alias`, {
    ...{ method: "POST", body: "{}" },
    headers: { authorization: `GenieKey ${WORKS}`, "content-type": "application/json" },
  });
  await say(incidentId, "resolve", sinkId);
  await go(3, 5);
  expect(await rows(sinkId)).toMatchObject([
    { kind: "resolve", state: "sent", receipt: "confirmed" },
    { kind: "trigger" },
  ]);
  const said = await r.db.sql(
    "SELECT sentence FROM incident_event WHERE incident_id = $1 AND decision = 'nothing_there'",
    [incidentId],
  );
  expect(said).toEqual([{ sentence: expect.stringContaining("somebody closed it there") }]);
});

test("a vendor that never says is asked a dozen times over hours, and then it is not known", async () => {
  const { sinkId } = await paged(WORKS);
  await r.outbox.settleAll();
  await r.db.sql('UPDATE delivery SET memory = memory || \'{"receipt": "nobody-knows-it"}\' WHERE sink_id = $1', [
    sinkId,
  ]);
  const before = r.vendors.received("opsgenie").length;
  await go(40, 300);
  expect(await rows(sinkId)).toMatchObject([{ state: "sent", receipt: "unknown" }]);
  expect(r.vendors.received("opsgenie").length - before).toBe(12);
});
