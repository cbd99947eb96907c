// Envelope encryption of stored secrets: AES-256-GCM under a key per tenant, which is derived (HKDF-SHA-256) from
// the installation's key file. AAD binds tenant, table, column and row, so that a value moved elsewhere does not open.
// Record: 0x01 | key id (8) | iv (12) | tag (16) | ciphertext.
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { TocsinError } from "../domain/error.ts";
import { env } from "./env.ts";

export interface SecretPlace {
  tenantId: string;
  table: string;
  column: string;
  rowId: string;
}

export interface SecretBox {
  seal(place: SecretPlace, plaintext: string): Uint8Array<ArrayBuffer>;
  /** @throws TocsinError E_CONFIG when the key does not fit or the value was moved or altered. */
  open(place: SecretPlace, sealed: Uint8Array): string;
}

/** Where each kind of secret lives; sealing and opening must name the same place. */
export const places = {
  /** JSON object of the sink's secret fields. */
  sink: (tenantId: string, sinkId: string): SecretPlace => ({
    tenantId,
    table: "sink",
    column: "sealed",
    rowId: sinkId,
  }),
  /** Bearer token, header value or client secret as it is; JSON of certificate and key. Region "": for all of them. */
  serverCredential: (tenantId: string, serverId: string, region = ""): SecretPlace => ({
    tenantId,
    table: "server_credential",
    column: "sealed",
    rowId: region === "" ? serverId : `${serverId}:${region}`,
  }),
  /** JSON object of the stream's secret fields. */
  auditStream: (tenantId: string, streamId: string): SecretPlace => ({
    tenantId,
    table: "audit_stream",
    column: "sealed",
    rowId: streamId,
  }),
  /** The identity provider's refresh token of one session; sessions belong to no tenant, so to the installation's own. */
  sessionRefresh: (tenantId: string, sessionId: string): SecretPlace => ({
    tenantId,
    table: "session",
    column: "refresh_sealed",
    rowId: sessionId,
  }),
};

const VERSION = 1;

/** @param key 32 bytes */
export function secretBox(key: Buffer): SecretBox {
  if (key.length !== 32) throw new TocsinError("E_CONFIG", "The key file must hold exactly 32 bytes as base64 or hex.");
  const keyId = createHash("sha256").update("key-id:").update(key).digest().subarray(0, 8);
  const tenantKey = (tenantId: string) => Buffer.from(hkdfSync("sha256", key, tenantId, "tocsin secrets v1", 32));
  const aad = (p: SecretPlace) =>
    Buffer.concat(
      [p.tenantId, p.table, p.column, p.rowId].flatMap((part) => {
        const bytes = Buffer.from(part, "utf8");
        const length = Buffer.alloc(4);
        length.writeUInt32BE(bytes.length);
        return [length, bytes];
      }),
    );
  return {
    seal(place, plaintext) {
      const iv = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", tenantKey(place.tenantId), iv, { authTagLength: 16 });
      cipher.setAAD(aad(place));
      const body = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final()]);
      return Uint8Array.from(Buffer.concat([Buffer.from([VERSION]), keyId, iv, cipher.getAuthTag(), body]));
    },
    open(place, sealed) {
      const bytes = Buffer.from(sealed);
      if (bytes[0] !== VERSION || bytes.length < 37 || !bytes.subarray(1, 9).equals(keyId)) {
        throw new TocsinError(
          "E_CONFIG",
          "A stored secret was sealed with another key: restore the key file or enter the secret again.",
        );
      }
      try {
        const decipher = createDecipheriv("aes-256-gcm", tenantKey(place.tenantId), bytes.subarray(9, 21), {
          authTagLength: 16,
        });
        decipher.setAAD(aad(place));
        decipher.setAuthTag(bytes.subarray(21, 37));
        // Nothing of update() may be used before final() has checked the tag.
        return Buffer.concat([decipher.update(bytes.subarray(37)), decipher.final()]).toString("utf8");
      } catch (cause) {
        throw new TocsinError("E_CONFIG", "A stored secret could not be opened: enter it again.", {
          detail: `${place.table}.${place.column} ${place.rowId}`,
          cause,
        });
      }
    },
  };
}

/** Reads 32 bytes as base64 or hex; refuses a file that others may read. */
export function readKeyFile(path: string): Buffer {
  let text: string;
  try {
    if ((statSync(path).mode & 0o077) !== 0) {
      throw new TocsinError("E_CONFIG", "TOCSIN_KEY_FILE can be read by others: run chmod 0400 on it.");
    }
    text = readFileSync(path, "utf8").trim();
  } catch (cause) {
    if (cause instanceof TocsinError) throw cause;
    throw new TocsinError(
      "E_CONFIG",
      "TOCSIN_KEY_FILE cannot be read: name a file that holds 32 random bytes as base64.",
      { cause },
    );
  }
  return /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, "hex") : Buffer.from(text, "base64");
}

let box: SecretBox | undefined;
export function secrets(): SecretBox {
  box ??= secretBox(readKeyFile(env().TOCSIN_KEY_FILE));
  return box;
}
