// AWS KMS: Encrypt and Decrypt with an encryption context, over the guarded door. The context goes into KMS's own log in
// clear, so it holds ids only. Tried against a service of our own that checks signature and context, not against AWS.
import { AwsV4Signer } from "aws4fetch";
import { z } from "zod";
import { TocsinError } from "../../domain/error.ts";
import type { SinkRequest } from "../../sinks/sink.ts";
import { monotonicMs, now } from "../clock.ts";
import type { Send } from "../send.ts";
import { KEY_BYTES } from "./bytes.ts";
import { type DataKeyName, doesNotOpen, HEALTH_NAME, type KeyStore, noSuchKey } from "./key-store.ts";

const KIND = "aws-kms";
const TIMEOUT_MS = 5_000;
/** So long nobody asks a service that did not answer: each would wait, and hold a connection of the database meanwhile. */
const AWAY_MS = 2_000;

export interface KmsSettings {
  region: string;
  /** Key id, ARN or alias; a rotation is to another one, this one then stays readable. */
  keyId: string;
  /** Keys that were current before and still have to be read. */
  formerKeyIds: readonly string[];
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
  /** "https://kms.eu-central-1.amazonaws.com" unless the operator names another. */
  endpoint?: string | undefined;
}

const encrypted = z.object({ CiphertextBlob: z.string() });
const decrypted = z.object({ Plaintext: z.string() });

export function kmsStore(settings: KmsSettings, send: Send): KeyStore {
  const url = settings.endpoint ?? `https://kms.${settings.region}.amazonaws.com`;
  const idOf = (keyId: string) => `${KIND}:${keyId}`;
  const keyIds = [settings.keyId, ...settings.formerKeyIds];

  let awayUntil = 0;
  const call = async (action: "Encrypt" | "Decrypt", input: Record<string, unknown>): Promise<unknown> => {
    if (monotonicMs() < awayUntil) throw away("did not answer a moment ago");
    const body = JSON.stringify(input);
    const signed = await new AwsV4Signer({
      method: "POST",
      url: `${url.replace(/\/$/, "")}/`,
      service: "kms",
      region: settings.region,
      accessKeyId: settings.accessKeyId,
      secretAccessKey: settings.secretAccessKey,
      ...(settings.sessionToken === undefined ? {} : { sessionToken: settings.sessionToken }),
      datetime: now()
        .toISOString()
        .replace(/[:-]|\.\d{3}/g, ""),
      headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": `TrentService.${action}` },
      body,
    }).sign();
    const request: SinkRequest = {
      via: "http",
      host: "operator",
      label: action,
      method: "POST",
      url: signed.url.toString(),
      headers: Object.fromEntries(signed.headers),
      body,
    };
    const answer = await send(request, { policy: { allow: [] }, timeoutMs: TIMEOUT_MS });
    if (answer.kind === "failure") {
      awayUntil = monotonicMs() + AWAY_MS;
      throw away(answer.code);
    }
    if (answer.status === 200) return JSON.parse(answer.body);
    const type = /"__type"\s*:\s*"(?:[\w.]+#)?(\w{1,60})"/.exec(answer.body)?.[1] ?? String(answer.status);
    // Only these say that the blob, and not the way to it, is wrong.
    if (type === "InvalidCiphertextException" || type === "IncorrectKeyException") throw doesNotOpen(type);
    throw away(type);
  };

  const store: KeyStore = {
    kind: KIND,
    current: async () => idOf(settings.keyId),
    known: async () => keyIds.map(idOf),
    async wrap(dataKey, name) {
      const answer = await call("Encrypt", {
        KeyId: settings.keyId,
        Plaintext: dataKey.toString("base64"),
        EncryptionContext: context(name),
      });
      return {
        kekId: idOf(settings.keyId),
        blob: Buffer.from(encrypted.parse(answer).CiphertextBlob, "base64"),
      };
    },
    async unwrap({ kekId, blob }, name) {
      const keyId = keyIds.find((id) => idOf(id) === kekId);
      if (keyId === undefined) throw noSuchKey(kekId);
      const answer = await call("Decrypt", {
        KeyId: keyId,
        CiphertextBlob: blob.toString("base64"),
        EncryptionContext: context(name),
      });
      const dataKey = Buffer.from(decrypted.parse(answer).Plaintext, "base64");
      if (dataKey.length !== KEY_BYTES) throw doesNotOpen();
      return dataKey;
    },
    async health() {
      const probe = Buffer.alloc(KEY_BYTES, 7);
      if (!(await store.unwrap(await store.wrap(probe, HEALTH_NAME), HEALTH_NAME)).equals(probe)) throw doesNotOpen();
    },
  };
  return store;
}

const context = (name: DataKeyName): Record<string, string> => ({
  app: "tocsin",
  tenant: name.tenantId,
  key: name.keyId,
});

function away(detail: string): TocsinError {
  return new TocsinError("E_UNAVAILABLE", "The key service did not answer as it should: try again in a moment.", {
    detail: `kms: ${detail}`,
  });
}
