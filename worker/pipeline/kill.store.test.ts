// The process that decides is killed at each point of its part of the road; another one goes on. Nothing is lost and
// nothing is said twice.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CrashPoint } from "#lib/adapters/crash";
import { createLog } from "#lib/adapters/log";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { type TestRedis, testRedis } from "#lib/testing/redis";
import { aSealedSlot } from "#lib/testing/sealed";
import { SealedConsumer } from "./consume.ts";
import { IDLE_MS, SealedStream } from "./stream.ts";

const CHILD = `
import { Redis } from "ioredis";
import { armCrashPoint } from "#lib/adapters/crash";
import { openDb } from "#lib/adapters/db";
import { createLog } from "#lib/adapters/log";
import { SealedConsumer } from "./worker/pipeline/consume.ts";
import { SealedStream } from "./worker/pipeline/stream.ts";
const [point, db, redis, prefix] = process.argv.slice(1);
armCrashPoint(point);
await new SealedConsumer(openDb(db), new SealedStream(new Redis(redis), prefix, "doomed"), createLog("doomed", "fatal"), () => {}).drain();
process.exit(7);
`;
const SLOT = Date.parse("2026-11-21T12:00:00Z");
let db: TestDatabase;
let redis: TestRedis;
beforeAll(async () => {
  db = await testDatabase();
  redis = testRedis();
});
afterAll(async () => {
  await redis.close();
  await db.close();
});

/** @returns the signal that ended it, or its exit code when it lived */
function doomed(point: CrashPoint): Promise<string | number | null> {
  const args = ["--input-type=module", "-e", CHILD, point, db.workerUrl, redis.url, redis.prefix];
  const child = spawn(process.execPath, args, {
    cwd: join(import.meta.dirname, "../.."),
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env },
  });
  return new Promise((done) => child.on("exit", (code, signal) => done(signal ?? code)));
}

test.each<[CrashPoint, "opening" | "ending", before: number]>([
  ["before_incident_tx", "opening", 0],
  ["inside_incident_tx", "opening", 0],
  ["after_incident_commit", "opening", 1],
  ["after_stream_ack", "opening", 1],
  ["before_incident_tx", "ending", 0],
  ["inside_incident_tx", "ending", 0],
  ["after_incident_commit", "ending", 1],
  ["after_stream_ack", "ending", 1],
])(
  "killed at %s while %s an incident: said once, by whoever is left (%i before the other came)",
  async (point, what, before) => {
    const { id: tenantId } = await makeTenant(db);
    const serverId = await makeServer(db, tenantId, { fireAfter: 1, clearAfter: 1 });
    await makeSink(db, tenantId, { kind: "webhook" });
    const stream = new SealedStream(redis.redis, redis.prefix, "heir");
    const heir = new SealedConsumer(db.workerDb, stream, createLog("heir", "fatal"), () => {});
    const add = (i: number, saw: "timeout" | "up") =>
      redis.redis.xadd(
        stream.key,
        "*",
        "sealed",
        JSON.stringify(aSealedSlot({ tenantId, serverId, slot: SLOT + i * 60_000 }, { fra: saw })),
      );
    const said = async (kind: string) =>
      (await db.sql("SELECT 1 FROM delivery WHERE tenant_id = $1 AND kind = $2", [tenantId, kind])).length;
    const kind = what === "opening" ? "trigger" : "resolve";
    if (what === "ending") {
      await add(0, "timeout");
      await heir.drain();
      await db.sql("UPDATE delivery SET state = 'sent' WHERE tenant_id = $1", [tenantId]);
    }
    await add(1, what === "opening" ? "timeout" : "up");

    expect(await doomed(point)).toBe("SIGKILL");
    expect(await said(kind)).toBe(before);

    // Its entries have been idle for long enough by the time the other looks for them.
    const held = (await redis.redis.xpending(stream.key, "pipeline", "-", "+", 10)) as [string][];
    expect(held).toHaveLength(point === "after_stream_ack" ? 0 : 1);
    for (const [id] of held) await redis.redis.xclaim(stream.key, "pipeline", "doomed", 0, id, "IDLE", IDLE_MS + 1_000);
    const abort = new AbortController();
    const running = heir.run(abort.signal, () => {});
    await expect.poll(() => redis.redis.xlen(stream.key), { timeout: 10_000 }).toBe(0);
    abort.abort();
    await running;
    expect(await said(kind)).toBe(1);
    expect(await db.sql("SELECT state FROM incident WHERE tenant_id = $1", [tenantId])).toEqual([
      { state: what === "opening" ? "open" : "resolved" },
    ]);
    expect(await db.sql("SELECT 1 FROM probe_minute WHERE tenant_id = $1", [tenantId])).toHaveLength(
      what === "opening" ? 1 : 2,
    );
  },
);
