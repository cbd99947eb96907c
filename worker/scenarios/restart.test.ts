// Redis emptied and PostgreSQL crashed and started again in the middle of an outage: the incident, its pages and its
// resolve are what they would have been. Has stores of its own, because it breaks them.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeServer } from "#lib/testing/make";
import { ALL_SINKS, type Road, road } from "#lib/testing/road";
import { fleetServer, freePort, type TestServer } from "#lib/testing/servers";
import { type Postgres, startPostgres } from "../../start/postgres.ts";

const dir = mkdtempSync(join(tmpdir(), "tocsin-restart-"));
let postgres: Postgres;
let r: Road;
let live: TestServer | undefined;

beforeAll(async () => {
  postgres = await startPostgres({ dataDir: join(dir, "postgres") });
  process.env.TOCSIN_TEST_DATABASE_URL = postgres.ownerUrl;
  r = await road();
});
afterAll(async () => {
  await live?.close();
  await r.close();
  await postgres.stop();
  rmSync(postgres.folder, { recursive: true, force: true }); // As root it may lie elsewhere.
  rmSync(dir, { recursive: true, force: true });
});

const pages = () => Object.fromEntries(ALL_SINKS.map((k) => [k, r.vendors.pages(k)]));
const eachOnce = Object.fromEntries(ALL_SINKS.map((k) => [k, 1]));

async function flushRedis(): Promise<void> {
  const keys = await r.redis.redis.keys(`*${r.redis.prefix}*`);
  expect(keys.length).toBeGreaterThan(0);
  await r.redis.redis.del(...keys);
}

async function crashPostgres(): Promise<void> {
  await postgres.stop("immediate");
  postgres = await startPostgres({ dataDir: join(dir, "postgres"), port: postgres.port });
}

test("an outage over a flushed Redis and a crashed PostgreSQL is one incident, one page each, and one resolve under the same key", async () => {
  const port = await freePort();
  const { id: tenantId } = await r.tenant();
  const serverId = await makeServer(r.db, tenantId, { name: "Everything", url: `http://127.0.0.1:${port}/mcp` });
  const incidents = () =>
    r.db.sql<{ id: string; state: string; dedup_key: string }>(
      "SELECT id, state, dedup_key FROM incident WHERE tenant_id = $1",
      [tenantId],
    );
  const slots = async (n: number) => {
    for (let i = 0; i < n; i++) await r.slot(tenantId, serverId);
  };
  await slots(4);
  expect(pages()).toEqual(eachOnce);
  const [incident] = await incidents();

  await flushRedis();
  await crashPostgres();
  await slots(5);
  await crashPostgres();
  await flushRedis();
  await slots(5);
  expect(await incidents()).toEqual([{ ...incident, state: "open" }]);
  expect(pages()).toEqual(eachOnce);

  live = await fleetServer("legacy", { port });
  await flushRedis();
  // A good look counts even when it is the first one after a flush; one more slot than needed does no harm.
  await slots(4);
  expect(await incidents()).toEqual([{ ...incident, state: "resolved" }]);
  expect(pages()).toEqual(eachOnce);
  const resolves = r.vendors
    .received("pagerduty")
    .filter((item) => (item.body as { event_action: string }).event_action === "resolve");
  expect(resolves.map((item) => item.key)).toEqual([incident?.dedup_key]);
});
