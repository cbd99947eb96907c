// Seals and opens stored secrets: AES-256-GCM under the tenant's data key, which is wrapped by the key store.
// Record: 0x02 | id of the data key (16) | iv (12) | tag (16) | ciphertext. The first form (0x01 | key id (8) | …, under a key
// derived from the key file) still opens; what sweeps secrets seals it anew.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { TocsinError } from "../../domain/error.ts";
import { type Db, type Tx, WORKER_ACTOR } from "../db.ts";
import { fields, IV_BYTES, TAG_BYTES } from "./bytes.ts";
import { sealingKey, wrappedKey } from "./data-keys.ts";
import { heldKeyStore } from "./file-store.ts";
import { type KeyCache, keyCache } from "./key-cache.ts";
import { type KeyStore, noSuchKey } from "./key-store.ts";
import type { SecretPlace } from "./place.ts";

/** A transaction of the secret's own tenant, or the database: then a transaction of its own, only when a key is needed. */
export type KeySource = Tx | Pick<Db, "withTenant">;

export interface SecretBox {
  seal(at: KeySource, place: SecretPlace, plaintext: string): Promise<Uint8Array<ArrayBuffer>>;
  /** @throws TocsinError E_CONFIG when no key fits or the value was moved or altered, E_UNAVAILABLE when the key service is away */
  open(at: KeySource, place: SecretPlace, sealed: Uint8Array): Promise<string>;
  readonly store: KeyStore;
  /** Overwrites the data keys that are held in clear. */
  forget(): void;
}

const FIRST = 1;
const VERSION = 2;
const ID_BYTES = 16;
const FIRST_HEAD = 1 + 8;
const HEAD = 1 + ID_BYTES;

/** What is known of a record without opening it. */
export function recordOf(sealed: Uint8Array): { form: number; dataKeyId: string | null } {
  const form = sealed[0] ?? 0;
  return { form, dataKeyId: form === VERSION && sealed.length >= HEAD ? uuid(sealed.subarray(1, HEAD)) : null };
}

/** @param by a store, or 32 bytes of a key that is held already */
export function secretBox(by: KeyStore | Buffer, cache: KeyCache = keyCache()): SecretBox {
  const store = Buffer.isBuffer(by) ? heldKeyStore(by) : by;
  const inTenant = <T>(at: KeySource, tenantId: string, readOnly: boolean, fn: (tx: Tx) => Promise<T>): Promise<T> =>
    "withTenant" in at ? at.withTenant({ tenantId, actorId: WORKER_ACTOR, readOnly }, fn) : fn(at);

  return {
    store,
    forget: () => cache.clear(),
    async seal(at, place, plaintext) {
      const { tenantId } = place;
      const { id, kekId, blob } = await inTenant(at, tenantId, false, (tx) => sealingKey(tx, tenantId, store));
      const key = await cache.get(tenantId, id, () => store.unwrap({ kekId, blob }, { tenantId, keyId: id }));
      try {
        const iv = randomBytes(IV_BYTES);
        const cipher = createCipheriv("aes-256-gcm", key, iv, { authTagLength: TAG_BYTES });
        cipher.setAAD(aad(place, id));
        const body = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final()]);
        return Uint8Array.from(Buffer.concat([Buffer.from([VERSION]), idBytes(id), iv, cipher.getAuthTag(), body]));
      } finally {
        key.fill(0);
      }
    },
    async open(at, place, sealed) {
      const { tenantId } = place;
      const bytes = Buffer.from(sealed);
      const { form, dataKeyId } = recordOf(bytes);
      if (form === FIRST && bytes.length >= FIRST_HEAD) return openFirst(store, place, bytes);
      if (dataKeyId === null) throw noSuchKey(`form ${form}`);
      const key = await cache.get(tenantId, dataKeyId, async () => {
        const wrapped = await inTenant(at, tenantId, true, (tx) => wrappedKey(tx, tenantId, dataKeyId));
        return store.unwrap(wrapped, { tenantId, keyId: dataKeyId });
      });
      try {
        return decrypt(key, bytes.subarray(HEAD), aad(place, dataKeyId), place);
      } finally {
        key.fill(0);
      }
    },
  };
}

function openFirst(store: KeyStore, place: SecretPlace, bytes: Buffer): string {
  const root = store.legacy?.(bytes.subarray(1, FIRST_HEAD)) ?? null;
  if (root === null) throw noSuchKey(`file:${bytes.subarray(1, FIRST_HEAD).toString("hex")}`);
  const key = Buffer.from(hkdfSync("sha256", root, place.tenantId, "tocsin secrets v1", 32));
  try {
    return decrypt(key, bytes.subarray(FIRST_HEAD), fields(...parts(place)), place);
  } finally {
    key.fill(0);
  }
}

/** @param record iv | tag | ciphertext */
function decrypt(key: Buffer, record: Buffer, bound: Buffer, place: SecretPlace): string {
  if (record.length < IV_BYTES + TAG_BYTES) throw altered(place);
  const iv = record.subarray(0, IV_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", key, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(bound);
  decipher.setAuthTag(record.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  const clear = decipher.update(record.subarray(IV_BYTES + TAG_BYTES));
  try {
    decipher.final(); // Nothing of update() may be used before it has checked the tag.
    return clear.toString("utf8");
  } catch (cause) {
    throw altered(place, cause);
  } finally {
    clear.fill(0);
  }
}

const parts = (p: SecretPlace): string[] => [p.tenantId, p.table, p.column, p.rowId];
const aad = (place: SecretPlace, dataKeyId: string): Buffer => fields("tocsin", "2", ...parts(place), dataKeyId);
const idBytes = (id: string): Buffer => Buffer.from(id.replaceAll("-", ""), "hex");
const uuid = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");

function altered(place: SecretPlace, cause?: unknown): TocsinError {
  return new TocsinError("E_CONFIG", "A stored secret could not be opened: enter it again.", {
    detail: `${place.table}.${place.column} ${place.rowId}`,
    cause,
  });
}
