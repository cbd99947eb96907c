// The doors to keys that need no database: files, and what may lie in them.
import { randomBytes, randomUUID } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ageKeyId, ageStore, newAgeKey } from "./secrets/age-store.ts";
import { fileKeyId, fileStore, newFileKey } from "./secrets/file-store.ts";
import { writeKeyLines } from "./secrets/key-lines.ts";
import { type KeyStore, keyRing } from "./secrets/key-store.ts";
import { openKeyStores, type KeySettings } from "./secrets/stores.ts";

const dir = mkdtempSync(join(tmpdir(), "tocsin-keys-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
let n = 0;
const keyFile = (lines: string[], mode = 0o400): string => {
  const path = join(dir, `key-${n++}`);
  writeFileSync(path, `# a remark\n${lines.join("\n")}\n`, { mode });
  chmodSync(path, mode);
  return path;
};
const as = (path: string, outside = false) => ({ path, setting: "TOCSIN_KEY_FILE", outside });
const name = () => ({ tenantId: randomUUID(), keyId: randomUUID() });
const config = expect.objectContaining({ code: "E_CONFIG" });

const stores: [string, () => Promise<{ store: KeyStore; add: () => Promise<string> }>][] = [
  [
    "a key file",
    async () => {
      const lines = [newFileKey()];
      const path = keyFile(lines);
      const add = async () => {
        lines.unshift(newFileKey());
        writeKeyLines(path, lines);
        return fileKeyId(lines[0] ?? "");
      };
      return { store: fileStore(as(path)), add };
    },
  ],
  [
    "an age file",
    async () => {
      const lines = [await newAgeKey()];
      const path = keyFile(lines);
      const add = async () => {
        lines.unshift(await newAgeKey());
        writeKeyLines(path, lines);
        return ageKeyId(lines[0] ?? "");
      };
      return { store: ageStore(as(path)), add };
    },
  ],
];

describe.each(stores)("%s", (_what, make) => {
  test("wraps a data key for one tenant and one id, and for no other", async () => {
    const { store } = await make();
    const [key, to] = [randomBytes(32), name()];
    const wrapped = await store.wrap(key, to);
    expect(wrapped.kekId).toBe(await store.current());
    expect(wrapped.blob.includes(key)).toBe(false);
    expect((await store.unwrap(wrapped, to)).equals(key)).toBe(true);
    await expect(store.unwrap(wrapped, { ...to, tenantId: randomUUID() })).rejects.toEqual(config);
    await expect(store.unwrap(wrapped, { ...to, keyId: randomUUID() })).rejects.toEqual(config);
    for (const at of [0, 20, 40, wrapped.blob.length - 1]) {
      const bent = Buffer.from(wrapped.blob);
      bent[at] = (bent[at] ?? 0) ^ 1;
      await expect(store.unwrap({ ...wrapped, blob: bent }, to)).rejects.toEqual(config);
    }
    await expect(store.unwrap({ ...wrapped, blob: wrapped.blob.subarray(0, -1) }, to)).rejects.toEqual(config);
    await store.health();
  });

  test("a key that is added is known without a restart, and the former one still opens", async () => {
    const { store, add } = await make();
    const [key, to] = [randomBytes(32), name()];
    const before = await store.wrap(key, to);
    const next = await add();
    expect(await store.current()).toBe(next);
    expect(await store.known()).toEqual([next, before.kekId]);
    expect((await store.wrap(key, to)).kekId).toBe(next);
    expect((await store.unwrap(before, to)).equals(key)).toBe(true);
  });
});

test("of two stores the first wraps, and each opens what is its own", async () => {
  const [file, age] = await Promise.all(stores.map(([, make]) => make()));
  if (!file || !age) throw new Error("two stores");
  const [key, to] = [randomBytes(32), name()];
  const before = await file.store.wrap(key, to);
  const both = keyRing([age.store, file.store]);
  expect((await both.wrap(key, to)).kekId).toMatch(/^age:/);
  expect((await both.unwrap(before, to)).equals(key)).toBe(true);
  await expect(keyRing([age.store]).unwrap(before, to)).rejects.toEqual(config);
});

describe("a key file is refused", () => {
  test("that others may read, that is not there, that holds something else", () => {
    expect(() => fileStore(as(keyFile([newFileKey()], 0o440)))).toThrow(/chmod 0400/);
    expect(() => fileStore(as(keyFile([newFileKey()], 0o404)))).toThrow(/chmod 0400/);
    expect(() => fileStore(as(join(dir, "none")))).toThrow(/cannot be read/);
    expect(() => fileStore(as(keyFile([randomBytes(16).toString("base64")])))).toThrow(/exactly 32 bytes/);
    expect(() => fileStore(as(keyFile([])))).toThrow(/exactly 32 bytes/);
    expect(() => ageStore(as(keyFile(["age1notanidentity"])))).toThrow(/age identities/);
  });

  test("inside a repository, in production", () => {
    const repository = join(dir, "repository");
    mkdirSync(join(repository, ".git"), { recursive: true });
    const path = join(repository, "key");
    writeFileSync(path, newFileKey(), { mode: 0o400 });
    expect(() => fileStore(as(path, true))).toThrow(/inside a repository/);
    expect(() => fileStore(as(path, false))).not.toThrow();
    expect(() => fileStore(as(keyFile([newFileKey()]), true))).not.toThrow();
  });

  test("with the name of the setting that is missing", () => {
    const settings: KeySettings = {
      TOCSIN_MODE: "production",
      TOCSIN_KEY_STORE: "age",
      TOCSIN_KEY_FILE: join(dir, "none"),
      TOCSIN_AGE_FILE: undefined,
      TOCSIN_KMS_KEY_ID: undefined,
      TOCSIN_KMS_FORMER_KEY_IDS: [],
      TOCSIN_KMS_REGION: undefined,
      TOCSIN_KMS_URL: undefined,
      TOCSIN_KMS_ACCESS_KEY_ID: undefined,
      TOCSIN_KMS_SECRET_ACCESS_KEY: undefined,
      TOCSIN_KMS_SESSION_TOKEN: undefined,
    };
    const send = async () => ({ kind: "failure", code: "x", detail: "", sentBytes: false }) as const;
    expect(() => openKeyStores(settings, send)).toThrow(/TOCSIN_AGE_FILE/);
    expect(() => openKeyStores({ ...settings, TOCSIN_KEY_STORE: "aws-kms" }, send)).toThrow(/TOCSIN_KMS_KEY_ID/);
    expect(() => openKeyStores({ ...settings, TOCSIN_KEY_STORE: "aws-kms", TOCSIN_KMS_KEY_ID: "k" }, send)).toThrow(
      /TOCSIN_KMS_REGION/,
    );
    expect(() => openKeyStores({ ...settings, TOCSIN_KEY_STORE: "file" }, send)).toThrow(/TOCSIN_KEY_FILE/);
  });
});

test("a key file is written whole, for its owner only", () => {
  const path = keyFile([newFileKey()]);
  writeKeyLines(path, ["a", "b"]);
  expect(statSync(path).mode & 0o777).toBe(0o400);
});
