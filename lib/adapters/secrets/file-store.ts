// Keys in a file of ours: 32 random bytes a line, base64 or hex. AES-256-GCM under a key that is derived for wrapping
// only, because the same line also seals records of the first form.
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";
import { TocsinError } from "../../domain/error.ts";
import { fields, IV_BYTES, KEY_BYTES, TAG_BYTES } from "./bytes.ts";
import { type KeyFile, fileStamp, readKeyLines } from "./key-lines.ts";
import { type DataKeyName, doesNotOpen, HEALTH_NAME, type KeyStore, noSuchKey } from "./key-store.ts";

const KIND = "file";

interface Key {
  id: Buffer;
  bytes: Buffer;
  wrapping: Buffer;
}

/** The first 8 bytes of what names a key; it says nothing of the key. */
const idOf = (key: Buffer): Buffer => createHash("sha256").update("key-id:").update(key).digest().subarray(0, 8);
const kekId = (key: Key): string => `${KIND}:${key.id.toString("hex")}`;

function keyOf(bytes: Buffer): Key {
  if (bytes.length !== KEY_BYTES)
    throw new TocsinError("E_CONFIG", "The key file must hold exactly 32 bytes as base64 or hex.");
  return { id: idOf(bytes), bytes, wrapping: Buffer.from(hkdfSync("sha256", bytes, "", "tocsin data keys v2", 32)) };
}

const decoded = (line: string): Buffer =>
  /^[0-9a-f]{64}$/i.test(line) ? Buffer.from(line, "hex") : Buffer.from(line, "base64");

/** "file:0123456789abcdef" of a line of the file. @throws TocsinError E_CONFIG */
export const fileKeyId = (line: string): string => kekId(keyOf(decoded(line)));
export const newFileKey = (): string => randomBytes(KEY_BYTES).toString("base64");

/** @throws TocsinError E_CONFIG at once when the file is not fit for it */
export function fileStore(file: KeyFile): KeyStore {
  let stamp: string | null = null;
  let keys: Key[] = [];
  const read = (): Key[] => {
    const is = fileStamp(file.path);
    // What was read stays good while the file is being replaced.
    if (is === stamp || (is === "" && keys.length > 0)) return keys;
    keys = readKeyLines(file).map((line) => keyOf(decoded(line)));
    stamp = is;
    return keys;
  };
  return keysStore(read);
}

/** @param key 32 bytes, for whoever holds them already */
export const heldKeyStore = (...keys: readonly Buffer[]): KeyStore => {
  const held = keys.map(keyOf);
  return keysStore(() => held);
};

function keysStore(read: () => Key[]): KeyStore {
  const current = (): Key => {
    const [first] = read();
    if (!first) throw new TocsinError("E_CONFIG", "The key file must hold exactly 32 bytes as base64 or hex.");
    return first;
  };
  current();
  const store: KeyStore = {
    kind: KIND,
    current: async () => kekId(current()),
    known: async () => read().map(kekId),
    async wrap(dataKey, name) {
      const key = current();
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key.wrapping, iv, { authTagLength: TAG_BYTES });
      cipher.setAAD(aad(name, kekId(key)));
      const body = Buffer.concat([cipher.update(dataKey), cipher.final()]);
      return { kekId: kekId(key), blob: Buffer.concat([iv, cipher.getAuthTag(), body]) };
    },
    async unwrap({ kekId: wanted, blob }, name) {
      const key = read().find((k) => kekId(k) === wanted);
      if (!key) throw noSuchKey(wanted);
      if (blob.length !== IV_BYTES + TAG_BYTES + KEY_BYTES) throw doesNotOpen();
      const iv = blob.subarray(0, IV_BYTES);
      const decipher = createDecipheriv("aes-256-gcm", key.wrapping, iv, { authTagLength: TAG_BYTES });
      decipher.setAAD(aad(name, wanted));
      decipher.setAuthTag(blob.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      const dataKey = decipher.update(blob.subarray(IV_BYTES + TAG_BYTES));
      try {
        decipher.final(); // Nothing of update() is used before the tag has been checked.
      } catch (cause) {
        dataKey.fill(0);
        throw doesNotOpen(cause);
      }
      return dataKey;
    },
    async health() {
      const probe = randomBytes(KEY_BYTES);
      if (!(await store.unwrap(await store.wrap(probe, HEALTH_NAME), HEALTH_NAME)).equals(probe)) throw doesNotOpen();
    },
    legacy: (id) => read().find((k) => k.id.equals(id))?.bytes ?? null,
  };
  return store;
}

const aad = (name: DataKeyName, key: string): Buffer => fields("tocsin data key", "2", name.tenantId, name.keyId, key);
