import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeSink } from "#lib/testing/make";
import { checkpoint } from "../audit/checkpoint.ts";
import { platformNow } from "./platform.ts";
import { logWatcher } from "./log.ts";

const START = Date.parse("2026-11-21T12:00:00Z");
const quiet = pino({ level: "silent" });
let db: TestDatabase;
let folder: string;
let now: number;
let look: (now: Date) => Promise<void>;

beforeEach(async () => {
  db = await testDatabase();
  folder = mkdtempSync(join(tmpdir(), "tocsin-gap-"));
  now = START;
  look = logWatcher(db.workerDb, db.sweeper);
  await makeSink(db, PLATFORM_TENANT, { kind: "webhook", name: "hook", config: { url: "https://example.com" } });
});
afterEach(async () => {
  await db.close();
  rmSync(folder, { recursive: true, force: true });
});

const places = () => ({ keyFile: join(folder, "checkpoint.pem"), dir: join(folder, "checkpoints") });
const sign = () => checkpoint(db.workerDb, places(), quiet, new Date(now));
/** Seconds pass, with a look every 30; with `signed` a checkpoint each minute. */
async function pass(seconds: number, signed: boolean) {
  for (let i = 30; i <= seconds; i += 30) {
    now += 30_000;
    if (signed && i % 60 === 0) await sign();
    await look(new Date(now));
  }
}
const incidents = () =>
  db.sql(
    "SELECT subject_kind, subject_name, reason, state, severity FROM incident WHERE tenant_id = $1 ORDER BY number",
    [PLATFORM_TENANT],
  );

test("180 seconds without a checkpoint are no alert, the next second is one, and it ends when they are signed again", async () => {
  await sign();
  await look(new Date(now));
  await pass(600, true);
  await pass(180, false);
  expect(await incidents()).toEqual([]);
  now += 1_000;
  await look(new Date(now));
  const opened = {
    subject_kind: "audit",
    subject_name: "Audit log checkpoints",
    reason: "checkpoint_gap",
    severity: "P2",
  };
  expect(await incidents()).toEqual([{ ...opened, state: "open" }]);
  expect(
    await db.sql("SELECT kind FROM notice n JOIN incident i ON i.tenant_id = n.tenant_id AND i.id = n.incident_id"),
  ).toEqual([{ kind: "trigger" }]);
  await pass(60, false);
  expect(await incidents()).toHaveLength(1);
  await pass(60, true);
  expect(await incidents()).toEqual([{ ...opened, state: "resolved" }]);
});

test("a key that cannot be read is such a gap, also where there never was a checkpoint", async () => {
  await look(new Date(now));
  await sign();
  chmodSync(places().keyFile, 0o444);
  await expect(sign()).rejects.toMatchObject({ code: "E_CONFIG" });
  await pass(210, false);
  expect(await incidents()).toMatchObject([{ reason: "checkpoint_gap", state: "open" }]);
});

test("after a night with the machine off the worker has its three minutes", async () => {
  await sign();
  await look(new Date(now));
  now += 8 * 3_600_000;
  await pass(180, false);
  expect(await incidents()).toEqual([]);
  await pass(60, false);
  expect(await incidents()).toMatchObject([{ state: "open" }]);
});

test("a stream that has not caught up for 180 seconds is an alert of its own, ended when it catches up or is removed", async () => {
  const id = randomUUID();
  const caughtUp = () => db.sql("UPDATE audit_stream SET caught_up_at = $1", [new Date(now)]);
  await db.sql(
    "INSERT INTO audit_stream (tenant_id, id, kind, name, config, created_at, updated_at) VALUES ($1, $2, 'syslog', 'the archive', '{}', $3, $3)",
    [PLATFORM_TENANT, id, new Date(now)],
  );
  await look(new Date(now));
  await pass(180, true);
  expect(await incidents()).toEqual([]);
  await pass(30, true);
  const behind = { subject_kind: "audit", subject_name: "Audit stream the archive", reason: "stream_behind" };
  expect(await incidents()).toMatchObject([{ ...behind, state: "open" }]);
  await caughtUp();
  await pass(30, true);
  expect(await incidents()).toMatchObject([{ ...behind, state: "resolved" }]);
  await pass(240, true);
  expect((await incidents()).map((i) => i.state)).toEqual(["resolved", "open"]);
  await db.sql("UPDATE audit_stream SET removed_at = $1", [new Date(now)]);
  await pass(30, true);
  expect((await incidents()).map((i) => i.state)).toEqual(["resolved", "resolved"]);
});

test("an alert about the log does not excuse servers that nobody looked at", async () => {
  await sign();
  await look(new Date(now));
  await pass(240, false);
  await pass(60, true);
  expect(await incidents()).toMatchObject([{ state: "resolved" }]);
  expect((await platformNow(db.workerDb)).lastEnd).toBeNull();
});
