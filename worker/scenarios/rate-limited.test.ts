// 429, down the whole road: the server is left alone for as long as it says, what was known of it stays, and not for ever.
import { afterAll, beforeAll, expect, test } from "vitest";
import { legacy, serve } from "#lib/testing/fixtures/serve";
import { makeServer } from "#lib/testing/make";
import { type Road, road } from "#lib/testing/road";
import type { TestServer } from "#lib/testing/servers";

let run: Road;
let server: TestServer;
let limited = false;
let asked = 0;

beforeAll(async () => {
  const well = legacy({});
  [run, server] = await Promise.all([
    road(),
    serve((ask) => {
      asked += 1;
      return limited ? { status: 429, headers: { "retry-after": "300" } } : well(ask);
    }),
  ]);
});
afterAll(async () => {
  await Promise.all([server.close(), run.close()]);
});

test("a server that asks us to slow down is left alone, keeps its state for half an hour, and is then unknown", async () => {
  const tenant = await run.tenant();
  const id = await makeServer(run.db, tenant.id, { url: server.url, fireAfter: 1 });
  const slot = async (afterMinutes = 0) => {
    run.clock.set(new Date(run.clock.now().getTime() + afterMinutes * 60_000));
    asked = 0;
    await run.slot(tenant.id, id, ["fra"]);
    const rows = await run.db.sql(
      "SELECT status, reason, evidence, last_slot, rate_limited_since AS since FROM server_now WHERE server_id = $1",
      [id],
    );
    return {
      ...(rows[0] as { status: string; reason: string | null; evidence: string; last_slot: Date; since: Date | null }),
      asked,
    };
  };
  expect(await slot()).toMatchObject({ status: "up", reason: null, since: null });
  limited = true;
  // One request, and no second one after it: the limiter counts them.
  const first = await slot();
  expect(first).toMatchObject({ status: "up", reason: "rate_limited", asked: 1 });
  expect(first.evidence).toMatch(/^Rate limited since \d\d:\d\d UTC; last seen up at \d\d:\d\d UTC\.$/);
  const second = await slot();
  expect(second).toMatchObject({ status: "up", evidence: first.evidence, since: first.since, asked: 0 });
  expect(second.last_slot.getTime()).toBeGreaterThan(first.last_slot.getTime());
  // Its five minutes are over: it is asked again, and says the same again.
  expect(await slot(5)).toMatchObject({ status: "up", asked: 1 });
  expect(await slot(25)).toMatchObject({ status: "unknown", reason: "rate_limited", since: first.since });
  limited = false;
  expect(await slot(6)).toMatchObject({ status: "up", reason: null, since: null });
  expect(await run.db.sql("SELECT id FROM incident WHERE tenant_id = $1", [tenant.id])).toEqual([]);
  const minutes = await run.db.sql("SELECT status FROM probe_minute WHERE server_id = $1 ORDER BY slot", [id]);
  // History does not guess: in those minutes nobody knows.
  expect(minutes.map((m) => (m as { status: string }).status)).toEqual([
    "up",
    "unknown",
    "unknown",
    "unknown",
    "unknown",
    "up",
  ]);
});
