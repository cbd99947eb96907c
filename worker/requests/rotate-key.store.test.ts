// The key that signs checkpoints is replaced: what either key signed still holds, and the old key vouches for the new one.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { knownKeys, prepareNextKey, publicKeyFile, signingKey } from "#lib/adapters/checkpoint-key";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { askFor } from "#lib/commands/approval/ask";
import { decide } from "#lib/commands/approval/decide";
import { verifyLive } from "#lib/commands/audit/verify-live";
import { keyIdOf } from "#lib/domain/audit/checkpoint";
import { lastRotation } from "#lib/queries/audit-key";
import { type TestClock, testClock } from "#lib/testing/clock";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makePerson, rootActor } from "#lib/testing/people";
import { createPublicKey } from "node:crypto";
import { checkpoint } from "../audit/checkpoint.ts";
import { takeRequests } from "./index.ts";
import { rotateKey } from "./rotate-key.ts";

const log = pino({ level: "silent" });
let db: TestDatabase;
let clock: TestClock;
let folder: string;
let ada: string;
let bob: string;
beforeEach(async () => {
  db = await testDatabase();
  clock = testClock();
  folder = mkdtempSync(join(tmpdir(), "tocsin-rotate-"));
  ada = await makePerson(db, { groups: ["tocsin-root"] });
  bob = await makePerson(db, { groups: ["tocsin-root"] });
  await checkpoint(db.workerDb, places(), log, clock.now());
});
afterEach(async () => {
  clock.restore();
  await db.close();
  rmSync(folder, { recursive: true, force: true });
});

const places = () => ({ keyFile: join(folder, "checkpoint.pem"), dir: join(folder, "checkpoints") });
const keyNow = () => keyIdOf(createPublicKey(signingKey(places().keyFile)));
const root = (id: string) => rootActor(id, clock.now());
const read = <T>(fn: Parameters<typeof db.appDb.withTenant<T>>[1]) =>
  db.appDb.withTenant({ tenantId: PLATFORM_TENANT, actorId: ada, readOnly: true }, fn);
const approved = async () => {
  const { id } = await askFor(db.appDb, "key.rotate", root(ada), {}, "The laptop with a copy was lost on Monday");
  await decide(db.appDb, id, root(bob), "approve", "I know of the lost laptop, yes");
};
const work = (to = places()) =>
  takeRequests(
    db.workerDb,
    db.sweeper,
    {
      "probe-now": async () => {},
      "try-check": async () => {},
      "rewrap-keys": async () => {},
      "rotate-key": (r, now) => rotateKey(db.workerDb, to, r, log, now),
    },
    log,
  );
const verified = () =>
  read((tx) =>
    verifyLive({
      ask: (sql, params = []) => tx.$queryRawUnsafe(sql, ...params),
      tenantId: PLATFORM_TENANT,
      keys: knownKeys(publicKeyFile(places().keyFile)),
      now: clock.now().getTime(),
    }),
  );

test("two people ask and approve, the worker replaces it, and the whole log still verifies over both keys", async () => {
  const old = keyNow();
  await approved();
  expect(keyNow()).toBe(old);
  await work();
  expect(keyNow()).not.toBe(old);
  expect(await read(lastRotation)).toMatchObject({ state: "done", keys: { from: old, to: keyNow() } });
  clock.advance(60_000);
  await checkpoint(db.workerDb, places(), log, clock.now());
  const signed = await db.sql<{ key_id: string }>("SELECT key_id FROM audit.checkpoint ORDER BY no");
  expect(signed.map((r) => r.key_id)).toEqual([old, old, keyNow(), keyNow()]);
  expect(await verified()).toMatchObject({ findings: [] });
  expect(knownKeys(publicKeyFile(places().keyFile)).size).toBe(2);
  expect([statSync(places().keyFile).mode & 0o777, existsSync(`${places().keyFile}.next`)]).toEqual([0o400, false]);
});

test("the row that names the new key stands under a checkpoint of the old one", async () => {
  const old = keyNow();
  await approved();
  await work();
  const rows = await db.sql<{ action: string; body: string; no: number }>(
    `SELECT e.action, e.body, (SELECT min(k.no)::int FROM audit.checkpoint_head k WHERE k.tenant_id = e.tenant_id AND k.seq >= c.seq) AS no
     FROM audit.event e JOIN audit.chain c ON c.event_id = e.id WHERE e.action IN ('key.rotate', 'key.replaced') ORDER BY c.seq`,
  );
  expect(rows.map((r) => r.action)).toEqual(["key.rotate", "key.replaced"]);
  expect(JSON.parse(rows[1]?.body ?? "{}")).toMatchObject({ from: old, to: keyNow() });
  const [over] = await db.sql<{ key_id: string }>("SELECT key_id FROM audit.checkpoint WHERE no = $1", [rows[1]?.no]);
  expect(over?.key_id).toBe(old);
});

test("without the old public half the old checkpoints are found wanting: the test above could fail", async () => {
  await approved();
  await work();
  const only = knownKeys(publicKeyFile(places().keyFile));
  only.delete([...only.keys()].find((id) => id !== keyNow()) ?? "");
  const result = await read((tx) =>
    verifyLive({
      ask: (sql, params = []) => tx.$queryRawUnsafe(sql, ...params),
      tenantId: PLATFORM_TENANT,
      keys: only,
      now: clock.now().getTime(),
    }),
  );
  expect(result.findings.length).toBeGreaterThan(0);
});

test("a rotation that a crash cut short goes on with the key that was made", async () => {
  const next = keyIdOf(createPublicKey(prepareNextKey(places().keyFile)));
  await approved();
  await work();
  expect(keyNow()).toBe(next);
});

test("where the key cannot be written the request says so, and the old key goes on signing", async () => {
  const old = keyNow();
  await approved();
  const nowhere = { ...places(), keyFile: join(places().keyFile, "checkpoint.pem") };
  await work(nowhere);
  expect(await read(lastRotation)).toMatchObject({
    state: "failed",
    failure: expect.stringMatching(/TOCSIN_CHECKPOINT_KEY_FILE/),
  });
  expect(keyNow()).toBe(old);
  expect(readFileSync(publicKeyFile(places().keyFile), "utf8").match(/BEGIN/g)).toHaveLength(1);
});

test("while it is being replaced nobody asks for it again", async () => {
  await approved();
  await expect(
    askFor(db.appDb, "key.rotate", root(bob), {}, "Somebody else wants the same thing"),
  ).rejects.toMatchObject({ code: "E_STATE" });
});
