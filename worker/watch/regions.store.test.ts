import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { addRegion } from "#lib/commands/region/add";
import { changeRegion } from "#lib/commands/region/change";
import { makeRegionToken } from "#lib/commands/region/make-token";
import { revokeRegionToken } from "#lib/commands/region/revoke-token";
import { type Actor, execute } from "#lib/commands/command";
import { regionRows } from "#lib/queries/regions";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { type TestRedis, testRedis } from "#lib/testing/redis";
import { ownerOf } from "../agents/tokens.ts";
import { queueName, queuePrefix } from "../probe/job.ts";
import { noteWaiting } from "./regions.ts";

const WHY = "A region is added by a test that watches it";
let db: TestDatabase;
let store: TestRedis;
let root: Actor;
beforeAll(async () => {
  db = await testDatabase();
  store = testRedis();
  await db.sql("UPDATE region SET enabled = false");
  const authTime = new Date();
  root = { personId: randomUUID(), name: "Root", tenantId: PLATFORM_TENANT, layers: ["root"], authTime };
});
afterAll(() => Promise.all([store.close(), db.close()]));

const rows = () =>
  db.appDb.withTenant({ tenantId: PLATFORM_TENANT, actorId: root.personId }, (tx) => regionRows(tx, new Date()));
const rowOf = async (name: string) => (await rows()).find((r) => r.name === name);

test("a region is added by its code, shown by its city, renamed and switched off, but never the last one", async () => {
  await execute(db.appDb, addRegion, root, { name: "ams", city: "", kind: "agent" }, WHY);
  expect(await rowOf("ams")).toMatchObject({ city: "Amsterdam", kind: "agent", state: "silent", heardAt: null });
  await expect(
    execute(db.appDb, addRegion, root, { name: "ams", city: "x", kind: "agent" }, WHY),
  ).rejects.toMatchObject({
    code: "E_CONFLICT",
  });
  const off = { name: "ams", city: "  Branch\u202e office ", enabled: false };
  await expect(execute(db.appDb, changeRegion, root, off, WHY)).rejects.toMatchObject({ code: "E_STATE" });
  await execute(db.appDb, addRegion, root, { name: "lab", city: "The laboratory", kind: "in_cluster" }, WHY);
  await execute(db.appDb, changeRegion, root, off, WHY);
  expect(await rowOf("ams")).toMatchObject({ city: "Branch office", state: "off" });
  await execute(db.appDb, changeRegion, root, { ...off, enabled: true }, WHY);
});

test("a token is shown once, kept as a hash, bound to its region, and opens nothing once it was taken back", async () => {
  await expect(execute(db.appDb, makeRegionToken, root, { region: "lab", name: "m" }, WHY)).rejects.toMatchObject({
    code: "E_STATE",
  });
  const { id, token } = await execute(db.appDb, makeRegionToken, root, { region: "ams", name: "A machine" }, WHY);
  expect(await ownerOf(db.workerDb, token)).toEqual({ id, region: "ams", enabled: true });
  const wrong = token.slice(0, -1) + (token.endsWith("A") ? "B" : "A");
  expect(await ownerOf(db.workerDb, wrong)).toBeNull();
  const [kept] = await db.sql<{ all: string }>(
    "SELECT (SELECT string_agg(t::text, '') FROM region_token t) || (SELECT coalesce(string_agg(e::text, ''), '') FROM audit.event e) AS all",
  );
  expect(kept?.all).toContain("A machine");
  expect(kept?.all).not.toContain(token.slice(-43));
  expect((await rowOf("ams"))?.tokens).toMatchObject([{ id, name: "A machine" }]);
  await execute(db.appDb, revokeRegionToken, root, { tokenId: id }, WHY);
  expect(await ownerOf(db.workerDb, token)).toBeNull();
  expect((await rowOf("ams"))?.tokens).toEqual([]);
});

test("what waits for a region is counted, and the count is that of its queue", async () => {
  const queueRedis = new Redis(store.url, { maxRetriesPerRequest: null });
  const queue = new Queue(queueName("ams"), { connection: queueRedis, prefix: queuePrefix(store.prefix) });
  for (let n = 0; n < 3; n++) await queue.add("probe", {});
  expect(await noteWaiting(db.workerDb, store.redis, store.prefix, new Date())).toEqual({ ams: 3, lab: 0 });
  expect([(await rowOf("ams"))?.waiting, (await rowOf("lab"))?.waiting]).toEqual([3, 0]);
  await queue.close();
  queueRedis.disconnect();
});
