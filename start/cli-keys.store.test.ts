import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fileStore, places, secretBox } from "#lib/adapters/secrets";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeTenant } from "#lib/testing/make";
import { add, keyFileOf, list, remove } from "./cli-keys.ts";
import { type Ledger, withLedger } from "./ledger.ts";

let db: TestDatabase;
const folder = mkdtempSync(join(tmpdir(), "tocsin-cli-keys-"));
const path = join(folder, "new", "key");
const file = keyFileOf({ TOCSIN_KEY_FILE: path });
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await db.close();
});
const on = <T>(work: (ledger: Ledger) => Promise<T>): Promise<T> =>
  withLedger({ owner: db.ownerUrl, app: db.appUrl }, work);

test("a key is made, one is put before it, and the old one goes only when nothing lies under it", async () => {
  await add(file);
  expect(statSync(path).mode & 0o777).toBe(0o400);
  const { id: tenantId } = await makeTenant(db);
  const box = secretBox(fileStore({ path, setting: "TOCSIN_KEY_FILE", outside: true }));
  await box.seal(db.workerDb, places.sink(tenantId, randomUUID()), "secret");
  const old = await box.store.current();
  expect(await on((l) => list(l, file))).toEqual([`${old}  1 data keys  (current)`]);
  await expect(on((l) => remove(l, file, old))).rejects.toThrow(/current key/);

  const said = await add(file);
  const now = await box.store.current();
  expect(now).not.toBe(old);
  for (const line of readFileSync(path, "utf8").trim().split("\n")) expect(said.join("\n")).not.toContain(line);
  expect(await on((l) => list(l, file))).toEqual([`${now}  0 data keys  (current)`, `${old}  1 data keys`]);
  await expect(on((l) => remove(l, file, old))).rejects.toThrow(/1 data keys lie under it/);
  await expect(on((l) => remove(l, file, "file:0000000000000000"))).rejects.toThrow(/no key/);

  await db.sql("DELETE FROM data_key WHERE tenant_id = $1", [tenantId]);
  await on((l) => remove(l, file, old));
  expect(await box.store.known()).toEqual([now]);
});

test("keys of a service are made there, and that is said", () => {
  expect(() => keyFileOf({ TOCSIN_KEY_STORE: "aws-kms" })).toThrow(/TOCSIN_KMS_KEY_ID/);
  expect(() => keyFileOf({ TOCSIN_KEY_STORE: "age" })).toThrow(/TOCSIN_AGE_FILE/);
});
