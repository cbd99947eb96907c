// Stored secrets over real rows: who can open what, and what happens to a data key in its life.
import { createCipheriv, createHash, hkdfSync, randomBytes, randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setClock } from "#lib/adapters/clock";
import { places, recordOf, type SecretPlace, secretBox } from "#lib/adapters/secrets";
import { type TestDatabase, testDatabase } from "../../testing/database.ts";
import { makeTenant } from "../../testing/make.ts";
import { fields } from "./bytes.ts";
import { DATA_KEY_MS } from "./data-keys.ts";
import { heldKeyStore } from "./file-store.ts";

const KEY = randomBytes(32);
let db: TestDatabase;
let [a, b] = ["", ""];
beforeAll(async () => {
  db = await testDatabase();
  a = (await makeTenant(db)).id;
  b = (await makeTenant(db)).id;
});
afterAll(() => db.close());

const box = secretBox(KEY);
const config = expect.objectContaining({ code: "E_CONFIG" });
const within = <T>(tenantId: string, fn: Parameters<typeof db.appDb.withTenant<T>>[1]) =>
  db.appDb.withTenant({ tenantId, actorId: randomUUID() }, fn);
const keysOf = (tenantId: string) =>
  db.sql<{ id: string; retired: boolean }>(
    "SELECT id, retired_at IS NOT NULL AS retired FROM data_key WHERE tenant_id = $1 ORDER BY created_at",
    [tenantId],
  );

/** The first form, as earlier versions wrote it. */
function sealedBefore(key: Buffer, place: SecretPlace, text: string): Buffer {
  const iv = randomBytes(12);
  const tenantKey = Buffer.from(hkdfSync("sha256", key, place.tenantId, "tocsin secrets v1", 32));
  const cipher = createCipheriv("aes-256-gcm", tenantKey, iv, { authTagLength: 16 });
  cipher.setAAD(fields(place.tenantId, place.table, place.column, place.rowId));
  const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  const keyId = createHash("sha256").update("key-id:").update(key).digest().subarray(0, 8);
  return Buffer.concat([Buffer.from([1]), keyId, iv, cipher.getAuthTag(), body]);
}

describe("what is sealed", () => {
  test("opens again, in another process and of any text, and is never twice the same bytes", async () => {
    const place = places.sink(a, randomUUID());
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme" }), async (text) => {
        const sealed = await within(a, (tx) => box.seal(tx, place, text));
        expect(await box.open(db.workerDb, place, sealed)).toBe(text);
      }),
      { numRuns: 15 },
    );
    const [one, two] = [await box.seal(db.appDb, place, "secret"), await box.seal(db.appDb, place, "secret")];
    expect(Buffer.from(one).equals(Buffer.from(two))).toBe(false);
    expect(Buffer.from(one).includes("secret")).toBe(false);
    expect(await secretBox(KEY).open(db.workerDb, place, one)).toBe("secret");
    expect(await keysOf(a)).toHaveLength(1);
  });

  test("opens nowhere else: no other tenant, row, column or table, and not under shifted names", async () => {
    const row = randomUUID();
    const place = places.sink(a, row);
    const sealed = await box.seal(db.appDb, place, "secret");
    await box.seal(db.appDb, places.sink(b, row), "so that the other tenant has a key too");
    const part = fc.constantFrom(a, b, row, "sink", "sealed", "sin", "ksealed", "server_credential", "");
    await fc.assert(
      fc.asyncProperty(
        fc.record({ tenantId: fc.constantFrom(a, b), table: part, column: part, rowId: part }),
        async (at) => {
          fc.pre(JSON.stringify(at) !== JSON.stringify(place));
          await expect(box.open(db.workerDb, { ...place, ...at }, sealed)).rejects.toEqual(config);
        },
      ),
      { numRuns: 120 },
    );
    await expect(box.open(db.workerDb, { ...place, tenantId: b }, sealed)).rejects.toEqual(config);
  });

  test("does not open with a bit flipped anywhere, cut anywhere, or under another record's key", async () => {
    const place = places.sink(a, randomUUID());
    const sealed = await box.seal(db.appDb, place, "secret");
    for (let at = 0; at < sealed.length; at++) {
      const bent = Uint8Array.from(sealed);
      bent[at] = (bent[at] ?? 0) ^ (1 << (at % 8));
      await expect(box.open(db.workerDb, place, bent), `byte ${at}`).rejects.toEqual(config);
      await expect(box.open(db.workerDb, place, sealed.subarray(0, at)), `cut at ${at}`).rejects.toEqual(config);
    }
    // The tenant's own other key, put into the record's head.
    const other = Uint8Array.from(sealed);
    other.set((await box.seal(db.appDb, places.sink(b, randomUUID()), "x")).subarray(1, 17), 1);
    await expect(box.open(db.workerDb, place, other)).rejects.toEqual(config);
  });

  test("does not open with another installation's key, nor once its data key is gone", async () => {
    const place = places.sink(a, randomUUID());
    const sealed = await box.seal(db.appDb, place, "secret");
    await expect(secretBox(randomBytes(32)).open(db.workerDb, place, sealed)).rejects.toEqual(config);
    const doomed = (await makeTenant(db)).id;
    const there = places.sink(doomed, randomUUID());
    const last = await box.seal(db.appDb, there, "secret");
    await db.sql("DELETE FROM data_key WHERE tenant_id = $1", [doomed]);
    await expect(secretBox(KEY).open(db.workerDb, there, last)).rejects.toEqual(config);
  });

  test("a wrapped data key that is moved to another tenant's row opens nothing there", async () => {
    const [from, to] = [(await makeTenant(db)).id, (await makeTenant(db)).id];
    const place = places.sink(to, randomUUID());
    await box.seal(db.appDb, places.sink(from, randomUUID()), "x");
    await db.sql(
      "INSERT INTO data_key (tenant_id, id, kek_id, wrapped, created_at) SELECT $1, id, kek_id, wrapped, created_at FROM data_key WHERE tenant_id = $2",
      [to, from],
    );
    await expect(secretBox(KEY).seal(db.appDb, place, "secret")).rejects.toEqual(config);
  });
});

describe("a data key", () => {
  test("is made once, however many seal first at the same moment", async () => {
    const tenant = (await makeTenant(db)).id;
    const place = places.sink(tenant, randomUUID());
    const sealed = await Promise.all(
      Array.from({ length: 8 }, (_, i) => secretBox(KEY).seal(db.appDb, place, `secret ${i}`)),
    );
    expect(await keysOf(tenant)).toHaveLength(1);
    const opened = await Promise.all(sealed.map((s) => box.open(db.workerDb, place, s)));
    expect(opened).toEqual(sealed.map((_, i) => `secret ${i}`));
  });

  test("that a transaction made and did not keep is not sealed under again", async () => {
    const tenant = (await makeTenant(db)).id;
    const place = places.sink(tenant, randomUUID());
    await within(tenant, async (tx) => {
      await box.seal(tx, place, "lost");
      throw new Error("rolled back");
    }).catch(() => {});
    expect(await keysOf(tenant)).toEqual([]);
    const sealed = await box.seal(db.appDb, place, "kept");
    expect(await secretBox(KEY).open(db.workerDb, place, sealed)).toBe("kept");
  });

  test.each([
    ["a quarter of a year", "UPDATE data_key SET created_at = created_at WHERE tenant_id = $1", DATA_KEY_MS],
    ["half of the messages that it is good for", "UPDATE data_key SET uses = 2147483648 WHERE tenant_id = $1", 0],
  ])("retires after %s, and still opens", async (_what, sql, ms) => {
    const tenant = (await makeTenant(db)).id;
    const place = places.sink(tenant, randomUUID());
    const before = await box.seal(db.appDb, place, "before");
    const at = Date.now();
    const back = setClock(() => at + ms);
    try {
      if (ms > 0) {
        back();
        setClock(() => at + ms - 60_000);
        await box.seal(db.appDb, place, "not yet");
        expect(await keysOf(tenant)).toHaveLength(1);
        setClock(() => at + ms);
      }
      await db.sql(sql, [tenant]);
      const after = await box.seal(db.appDb, place, "after");
      expect((await keysOf(tenant)).map((k) => k.retired)).toEqual([true, false]);
      expect(recordOf(after).dataKeyId).not.toBe(recordOf(before).dataKeyId);
      expect(await box.open(db.workerDb, place, before)).toBe("before");
      expect(await secretBox(KEY).open(db.workerDb, place, after)).toBe("after");
    } finally {
      setClock(() => Date.now());
    }
  });

  test("is read from the database once in five minutes and not for every secret", async () => {
    const place = places.sink(a, randomUUID());
    const sealed = await box.seal(db.appDb, place, "secret");
    let asked = 0;
    const counting = {
      withTenant: ((context, fn) => {
        asked++;
        return db.workerDb.withTenant(context, fn);
      }) as typeof db.workerDb.withTenant,
    };
    const fresh = secretBox(KEY);
    await Promise.all(Array.from({ length: 25 }, () => fresh.open(counting, place, sealed)));
    await fresh.open(counting, place, sealed);
    expect(asked).toBe(1);
    fresh.forget();
    await fresh.open(counting, place, sealed);
    expect(asked).toBe(2);
  });

  test("of another tenant is not there for anybody who is not in it", async () => {
    const place = places.sink(a, randomUUID());
    const sealed = await box.seal(db.appDb, place, "secret");
    await expect(within(b, (tx) => secretBox(KEY).open(tx, place, sealed))).rejects.toEqual(config);
    const seen = await within(b, (tx) => tx.dataKey.findMany({ select: { tenantId: true } }));
    expect(seen.every((k) => k.tenantId === b)).toBe(true);
  });

  test("cannot be wrapped anew, moved or deleted from the console", async () => {
    await box.seal(db.appDb, places.sink(a, randomUUID()), "secret");
    const sql = (text: string) => within(a, (tx) => tx.$executeRawUnsafe(text));
    for (const text of [
      "UPDATE data_key SET wrapped = wrapped",
      "UPDATE data_key SET tenant_id = tenant_id",
      "DELETE FROM data_key",
    ])
      await expect(sql(text)).rejects.toThrow(/permission denied/);
  });
});

describe("the first form", () => {
  test("still opens, bound to its place as before", async () => {
    const place = places.serverCredential(a, randomUUID());
    const old = sealedBefore(KEY, place, "an old secret");
    expect(recordOf(old)).toEqual({ form: 1, dataKeyId: null });
    expect(await box.open(db.workerDb, place, old)).toBe("an old secret");
    await expect(box.open(db.workerDb, { ...place, tenantId: b }, old)).rejects.toEqual(config);
    for (let n = 0; n < 37; n++) await expect(box.open(db.workerDb, place, old.subarray(0, n))).rejects.toEqual(config);
  });

  test("opens with a key that is no longer the current one, and says so when it is gone", async () => {
    const place = places.sink(a, randomUUID());
    const old = sealedBefore(KEY, place, "an old secret");
    expect(await secretBox(heldKeyStore(randomBytes(32), KEY)).open(db.workerDb, place, old)).toBe("an old secret");
    await expect(secretBox(randomBytes(32)).open(db.workerDb, place, old)).rejects.toThrow(/another key/);
  });
});
