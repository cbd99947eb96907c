// The key above the data keys is replaced, over real rows and a real key file: nothing is unreadable at any moment, and a
// worker that is killed in the middle is followed by one that goes on.
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { fileStore, places, recordOf, type SecretBox, secretBox } from "#lib/adapters/secrets";
import { setClock } from "#lib/adapters/clock";
import { DATA_KEY_MS } from "#lib/adapters/secrets/data-keys";
import { fileKeyId, newFileKey } from "#lib/adapters/secrets/file-store";
import { writeKeyLines } from "#lib/adapters/secrets/key-lines";
import { askFor } from "#lib/commands/approval/ask";
import { decide } from "#lib/commands/approval/decide";
import { dataKeysUnder, lastRewrapping } from "#lib/queries/secret-keys";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeSink, makeTenant } from "#lib/testing/make";
import { makePerson, rootActor } from "#lib/testing/people";
import { testSettings } from "#lib/testing/settings";
import { endStale, type Handlers, takeRequests } from "../requests/index.ts";
import { rewrapKeys } from "../requests/rewrap-keys.ts";
import { resealAll } from "./reseal.ts";
import { rewrapAll } from "./rewrap.ts";

const log = pino({ level: "silent" });
const TENANTS = 30;
let db: TestDatabase;
let folder: string;
let keyFile: string;
let putAway = () => {};
let people: string[];
const sealed: { tenantId: string; sinkId: string; text: string }[] = [];

beforeAll(async () => {
  db = await testDatabase();
  putAway = testSettings(db);
  folder = mkdtempSync(join(tmpdir(), "tocsin-rotation-"));
  // The console reads the same file.
  keyFile = process.env["TOCSIN_KEY_FILE"] ?? "";
  people = [await makePerson(db, { groups: ["tocsin-root"] }), await makePerson(db, { groups: ["tocsin-root"] })];
  const box = process_();
  for (let i = 0; i < TENANTS; i++) {
    const { id: tenantId } = await makeTenant(db);
    const sinkId = randomUUID();
    const text = `secret ${i}`;
    await makeSink(db, tenantId, {
      id: sinkId,
      kind: "webhook",
      sealed: await box.seal(db.workerDb, places.sink(tenantId, sinkId), text),
    });
    sealed.push({ tenantId, sinkId, text });
  }
});
afterAll(async () => {
  putAway();
  rmSync(folder, { recursive: true, force: true });
  await db.close();
});

/** A box as a process of its own would have it: nothing cached. */
const process_ = (path = keyFile): SecretBox =>
  secretBox(fileStore({ path, setting: "TOCSIN_KEY_FILE", outside: false }));
const lines = (path = keyFile) => readFileSync(path, "utf8").trim().split("\n");
const addKey = (path = keyFile): string => {
  const next = newFileKey();
  writeKeyLines(path, [next, ...lines(path)]);
  return fileKeyId(next);
};
const under = () =>
  db.appDb.withTenant({ tenantId: PLATFORM_TENANT, actorId: randomUUID(), readOnly: true }, dataKeysUnder);
const request = () =>
  db.appDb.withTenant({ tenantId: PLATFORM_TENANT, actorId: randomUUID(), readOnly: true }, lastRewrapping);
const stored = async (sinkId: string) =>
  (await db.sql<{ sealed: Buffer }>("SELECT sealed FROM sink WHERE id = $1", [sinkId]))[0]?.sealed ?? Buffer.alloc(0);
/** Reads every secret as a fresh process and as one that has been running; @returns how many did not open */
async function failures(box: SecretBox): Promise<number> {
  let failed = 0;
  for (const { tenantId, sinkId, text } of sealed) {
    const opened = await box.open(db.workerDb, places.sink(tenantId, sinkId), await stored(sinkId)).catch(() => null);
    if (opened !== text) failed++;
  }
  return failed;
}
const root = (n: number) => rootActor(people[n] ?? "", new Date());
const ask = () => askFor(db.appDb, "secret.rotate", root(0), {}, "The quarter is over and a key is due");
const take = (sliceMs?: number, box = process_()) =>
  takeRequests(
    db.workerDb,
    db.sweeper,
    { "rewrap-keys": (r, now) => rewrapKeys(db.workerDb, box, r, log, now, sliceMs) } as Handlers,
    log,
  );

test("where there is no other key to go to nobody is asked", async () => {
  await expect(ask()).rejects.toThrow(/keys add/);
});

test("two people replace it in slices, through a crash, while everybody goes on reading and sealing", async () => {
  const [before] = await under();
  const running = process_();
  expect(await failures(running)).toBe(0);
  const to = addKey();
  const { id } = await ask();
  await expect(decide(db.appDb, id, root(0), "approve", "I ask and approve this myself")).rejects.toMatchObject({
    code: "E_SELF_APPROVAL",
  });
  await decide(db.appDb, id, root(1), "approve", "Agreed, the quarter is over");

  let stop = false;
  let reads = 0;
  let failed = 0;
  const hammer = async (fresh: boolean) => {
    while (!stop) {
      failed += await failures(fresh ? process_() : running);
      reads += sealed.length;
      const one = sealed[reads % sealed.length];
      if (one && fresh) {
        const place = places.sink(one.tenantId, one.sinkId);
        const again = await process_().seal(db.workerDb, place, one.text);
        await db.sql("UPDATE sink SET sealed = $2 WHERE id = $1", [one.sinkId, Buffer.from(again)]);
      }
    }
  };
  const readers = [hammer(true), hammer(false)];
  // A worker that is killed in the middle: some keys are wrapped anew, and its request stays taken.
  let pages = 0;
  const part = await rewrapAll(db.workerDb, process_().store, to, () => pages++ < 8);
  const half = await under();
  expect(part).toEqual({ keys: half.find((k) => k.kekId === to)?.dataKeys, more: true });
  expect(half.map((k) => k.kekId)).toEqual(expect.arrayContaining([before?.kekId, to]));
  await db.sql(
    "UPDATE request SET state = 'running', taken_at = now() - interval '2 minutes', created_at = now() - interval '2 minutes' WHERE kind = 'rewrap-keys'",
  );
  await endStale(db.workerDb, db.sweeper, new Date());
  expect(await request()).toMatchObject({ state: "pending", to });
  // Slices that are over at once give others their turn, and lose nothing.
  await take(0);
  expect(await request()).toMatchObject({ state: "pending" });
  for (let i = 0; i < 20 && (await request())?.state === "pending"; i++) await take();
  stop = true;
  await Promise.all(readers);

  expect(await request()).toMatchObject({ state: "done", to, failure: null });
  expect(await under()).toMatchObject([{ kekId: to, dataKeys: TENANTS }]);
  expect([failed, reads >= 2 * TENANTS]).toEqual([0, true]);
  // The old line may go now: a process without it opens everything.
  writeKeyLines(keyFile, lines().slice(0, 1));
  expect(await failures(process_())).toBe(0);
  const [row] = await db.sql<{ body: string }>("SELECT body FROM audit.event WHERE action = 'secret.replaced'");
  expect(JSON.parse(row?.body ?? "{}")).toMatchObject({ to, left: 0, shut: 0 });
});

test("a worker that reads another key file than the console says so, and changes nothing", async () => {
  const elsewhere = join(folder, "another");
  writeFileSync(elsewhere, `${newFileKey()}\n`, { mode: 0o400 });
  addKey();
  const { id } = await ask();
  await decide(db.appDb, id, root(1), "approve", "Agreed, for the other machine");
  const was = await under();
  await take(undefined, process_(elsewhere));
  expect(await request()).toMatchObject({ state: "failed", failure: expect.stringMatching(/same key file/) });
  expect(await under()).toEqual(was);
  expect(await failures(process_())).toBe(0);
});

test("what lies under a retired data key is sealed anew, and what was saved meanwhile is left as it is", async () => {
  const box = process_();
  const one = sealed[0];
  if (!one) throw new Error("none");
  const before = recordOf(await stored(one.sinkId)).dataKeyId;
  // Nobody seals for this tenant any more: the sweep itself finds that its key's time is over.
  const at = Date.now() + DATA_KEY_MS + 60_000;
  const back = setClock(() => at);
  try {
    expect(await resealAll(db.workerDb, box, log)).toMatchObject({ sealed: TENANTS, shut: 0, more: false });
    expect(await resealAll(db.workerDb, box, log)).toMatchObject({ sealed: 0 });
  } finally {
    back();
  }
  expect(recordOf(await stored(one.sinkId)).dataKeyId).not.toBe(before);
  expect(await failures(process_())).toBe(0);
});

test("a value that does not open stays, is counted, and holds up no other", async () => {
  const one = sealed[1];
  if (!one) throw new Error("none");
  const bent = await stored(one.sinkId);
  bent[bent.length - 1] = (bent.at(-1) ?? 0) ^ 1;
  await db.sql("UPDATE sink SET sealed = $2 WHERE id = $1", [one.sinkId, bent]);
  const old = Buffer.concat([Buffer.from([1]), randomBytes(60)]);
  await db.sql("UPDATE sink SET sealed = $2 WHERE id = $1", [sealed[2]?.sinkId, old]);
  expect(await resealAll(db.workerDb, process_(), log)).toEqual({ sealed: 0, shut: 1, more: false });
  expect((await stored(sealed[2]?.sinkId ?? "")).equals(old)).toBe(true);
});

test("only the installation's own tenant sees where other tenants' values and keys lie", async () => {
  const tenantId = sealed[0]?.tenantId ?? "";
  const look = (sql: string) =>
    db.workerDb.withTenant({ tenantId, actorId: randomUUID(), readOnly: true }, (tx) =>
      tx.$queryRawUnsafe<unknown[]>(sql),
    );
  for (const sql of [
    "SELECT * FROM app.sealed_values()",
    "SELECT * FROM app.data_keys_under()",
    "SELECT * FROM app.tenants_under_other_keys('none', 10)",
    "SELECT * FROM app.tenants_with_old_keys(now() + interval '1 year')",
  ])
    expect(await look(sql)).toEqual([]);
});
