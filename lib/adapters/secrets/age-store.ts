// Keys in an age identity file (AGE-SECRET-KEY-1…, one a line). age binds a message to nothing, so the tenant and the
// id of the data key stand inside the payload and are compared after it is open.
import { createHash } from "node:crypto";
import { Decrypter, Encrypter, generateIdentity, identityToRecipient } from "age-encryption";
import { TocsinError } from "../../domain/error.ts";
import { fields, KEY_BYTES } from "./bytes.ts";
import { type KeyFile, fileStamp, readKeyLines } from "./key-lines.ts";
import { type DataKeyName, doesNotOpen, HEALTH_NAME, type KeyStore, noSuchKey } from "./key-store.ts";

const KIND = "age";

interface Key {
  id: string;
  identity: string;
  recipient: string;
}

export const newAgeKey = (): Promise<string> => generateIdentity();

/** "age:0123456789abcdef" of a line of the file: of its public half. @throws TocsinError E_CONFIG */
export const ageKeyId = async (line: string): Promise<string> => (await keyOf(line)).id;

async function keyOf(identity: string): Promise<Key> {
  try {
    const recipient = await identityToRecipient(identity);
    const id = `${KIND}:${createHash("sha256").update(recipient).digest("hex").slice(0, 16)}`;
    return { id, identity, recipient };
  } catch (cause) {
    // The library's message may repeat the line.
    throw notAge(cause instanceof Error ? cause.name : "");
  }
}

/** @throws TocsinError E_CONFIG at once when the file cannot be read or holds something else */
export function ageStore(file: KeyFile): KeyStore {
  let stamp: string | null = null;
  let keys: Key[] = [];
  const read = async (): Promise<Key[]> => {
    const is = fileStamp(file.path);
    if (is === stamp || (is === "" && keys.length > 0)) return keys;
    keys = await Promise.all(identities(file).map(keyOf));
    stamp = is;
    return keys;
  };
  identities(file);
  const store: KeyStore = {
    kind: KIND,
    current: async () => (await read())[0]?.id ?? "",
    known: async () => (await read()).map((k) => k.id),
    async wrap(dataKey, name) {
      const [key] = await read();
      if (!key) throw noSuchKey(KIND);
      const encrypter = new Encrypter();
      encrypter.addRecipient(key.recipient);
      const payload = Buffer.concat([label(name), dataKey]);
      try {
        return { kekId: key.id, blob: Buffer.from(await encrypter.encrypt(payload)) };
      } finally {
        payload.fill(0);
      }
    },
    async unwrap({ kekId, blob }, name) {
      const key = (await read()).find((k) => k.id === kekId);
      if (!key) throw noSuchKey(kekId);
      const decrypter = new Decrypter();
      decrypter.addIdentity(key.identity);
      let payload: Buffer;
      try {
        payload = Buffer.from(await decrypter.decrypt(blob));
      } catch (cause) {
        throw doesNotOpen(cause);
      }
      const expected = label(name);
      try {
        if (payload.length !== expected.length + KEY_BYTES || !payload.subarray(0, expected.length).equals(expected))
          throw doesNotOpen();
        return Buffer.from(payload.subarray(expected.length));
      } finally {
        payload.fill(0);
      }
    },
    async health() {
      const probe = Buffer.alloc(KEY_BYTES, 7);
      if (!(await store.unwrap(await store.wrap(probe, HEALTH_NAME), HEALTH_NAME)).equals(probe)) throw doesNotOpen();
    },
  };
  return store;
}

function identities(file: KeyFile): string[] {
  const lines = readKeyLines(file);
  if (lines.length > 0 && lines.every((line) => /^AGE-SECRET-KEY-[A-Z0-9-]{20,}$/.test(line))) return lines;
  throw notAge();
}

function notAge(detail = ""): TocsinError {
  return new TocsinError("E_CONFIG", "TOCSIN_AGE_FILE must hold age identities, AGE-SECRET-KEY-1…, one a line.", {
    detail,
  });
}

const label = (name: DataKeyName): Buffer => fields("tocsin data key", "2", name.tenantId, name.keyId);
