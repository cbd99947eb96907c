// A key service that answers as AWS KMS does to Encrypt and Decrypt, and believes nothing: it computes the signature for
// itself, seals under a key per KeyId, and binds the encryption context as additional data.
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { fields } from "#lib/adapters/secrets/bytes";

export const KMS_ACCESS = { accessKeyId: "AKIATEST", secretAccessKey: "a-secret-that-only-this-test-knows" };

export interface FakeKms {
  url: string;
  /** Every call that was answered: what stands in the service's own log. */
  calls: { action: string; keyId: string; context: Record<string, string> }[];
  /** Answers nothing but 500 while set. */
  away: boolean;
  close(): Promise<void>;
}

type Body = Record<string, unknown> & { EncryptionContext?: Record<string, string> };

export async function fakeKms(region: string, keyIds: string[]): Promise<FakeKms> {
  const keys = new Map(keyIds.map((id) => [id, randomBytes(32)]));
  const fake: FakeKms = { url: "", calls: [], away: false, close: async () => {} };

  const answer = (action: string, body: Body): [number, unknown] => {
    const keyId = String(body.KeyId);
    const key = keys.get(keyId);
    if (!key) return [400, { __type: "NotFoundException" }];
    const context = body.EncryptionContext ?? {};
    const aad = fields(
      ...Object.entries(context)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flat(),
    );
    fake.calls.push({ action, keyId, context });
    if (action === "Encrypt") {
      const iv = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, iv, { authTagLength: 16 });
      cipher.setAAD(aad);
      const sealed = Buffer.concat([cipher.update(Buffer.from(String(body.Plaintext), "base64")), cipher.final()]);
      const blob = Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString("base64");
      return [200, { CiphertextBlob: blob, KeyId: keyId, EncryptionAlgorithm: "SYMMETRIC_DEFAULT" }];
    }
    const blob = Buffer.from(String(body.CiphertextBlob), "base64");
    try {
      const decipher = createDecipheriv("aes-256-gcm", key, blob.subarray(0, 12), { authTagLength: 16 });
      decipher.setAAD(aad);
      decipher.setAuthTag(blob.subarray(12, 28));
      const clear = Buffer.concat([decipher.update(blob.subarray(28)), decipher.final()]);
      return [200, { Plaintext: clear.toString("base64"), KeyId: keyId }];
    } catch {
      return [400, { __type: "com.amazonaws.kms#InvalidCiphertextException" }];
    }
  };

  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const text = Buffer.concat(parts);
      const [status, body] = fake.away
        ? [500, { __type: "KMSInternalException" }]
        : signed(request, text, region)
          ? answer(String(request.headers["x-amz-target"]).replace("TrentService.", ""), JSON.parse(text.toString()))
          : [400, { __type: "InvalidSignatureException" }];
      response.writeHead(status as number, { "content-type": "application/x-amz-json-1.1" });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  fake.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  fake.close = () => new Promise((resolve) => server.close(() => resolve()));
  return fake;
}

const sha256 = (data: string | Buffer) => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, data: string) => createHmac("sha256", key).update(data).digest();

/** Signature version 4, worked out from the request as it came. */
function signed(request: IncomingMessage, body: Buffer, region: string): boolean {
  const found =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/kms\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      request.headers.authorization ?? "",
    );
  if (!found) return false;
  const [, access, day = "", where, names = "", signature] = found;
  const date = String(request.headers["x-amz-date"]);
  // What is to be done must be signed too, or somebody on the way could change it.
  if (!["host", "x-amz-date", "x-amz-target"].every((name) => names.split(";").includes(name))) return false;
  if (access !== KMS_ACCESS.accessKeyId || where !== region || !date.startsWith(day)) return false;
  const headers = names.split(";").map((name) => `${name}:${String(request.headers[name]).trim()}\n`);
  const canonical = [request.method, request.url, "", headers.join(""), names, sha256(body)].join("\n");
  const text = ["AWS4-HMAC-SHA256", date, `${day}/${region}/kms/aws4_request`, sha256(canonical)].join("\n");
  const key = ["kms", "aws4_request"].reduce(hmac, hmac(hmac(`AWS4${KMS_ACCESS.secretAccessKey}`, day), region));
  return hmac(key, text).toString("hex") === signature;
}
