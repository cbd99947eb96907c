// A bucket for tests that believes nothing: it computes the request's signature itself (AWS Signature Version 4), the
// digests of what arrived, and takes an object only under a lock of seven years.
import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface TestBucket {
  url: string;
  keys: { accessKeyId: string; secretAccessKey: string };
  region: string;
  bucket: string;
  /** Name → the versions put under it, oldest first. */
  objects: Map<string, string[]>;
  /** Why requests were refused. */
  refused: string[];
  close(): Promise<void>;
}

const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();
const SEVEN_YEARS_MS = 7 * 365 * 86_400_000;

export async function testBucket(): Promise<TestBucket> {
  const keys = { accessKeyId: "AKIATESTTESTTEST", secretAccessKey: "not/a-real+secret0123456789012345678901" };
  const [region, bucket] = ["eu-central-1", "audit-archive"];
  const objects = new Map<string, string[]>();
  const refused: string[] = [];

  function fault(request: IncomingMessage, body: string): string | null {
    const h = (name: string) => String(request.headers[name] ?? "");
    const auth =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(
        h("authorization"),
      );
    if (auth === null) return "AccessDenied";
    const [, id, day, of, names, signature] = auth as unknown as string[];
    const signed = (names ?? "").split(";");
    const must = ["host", "content-md5", "x-amz-content-sha256", "x-amz-date"];
    if (id !== keys.accessKeyId) return "InvalidAccessKeyId";
    if (
      of !== region ||
      !must.every((m) => signed.includes(m)) ||
      !signed.some((s) => s.startsWith("x-amz-object-lock"))
    )
      return "AuthorizationHeaderMalformed";
    const canonical = [
      request.method,
      (request.url ?? "").split("?")[0],
      "",
      ...signed.map((name) => `${name}:${h(name).trim()}`),
      "",
      names,
      h("x-amz-content-sha256"),
    ].join("\n");
    const scope = `${day}/${region}/s3/aws4_request`;
    const text = `AWS4-HMAC-SHA256\n${h("x-amz-date")}\n${scope}\n${createHash("sha256").update(canonical).digest("hex")}`;
    const key = ["s3", "aws4_request"].reduce(hmac, hmac(hmac(`AWS4${keys.secretAccessKey}`, day ?? ""), region));
    if (hmac(key, text).toString("hex") !== signature) return "SignatureDoesNotMatch";
    if (createHash("sha256").update(body).digest("hex") !== h("x-amz-content-sha256"))
      return "XAmzContentSHA256Mismatch";
    if (createHash("md5").update(body).digest("base64") !== h("content-md5")) return "BadDigest";
    const at = h("x-amz-date").replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z");
    const until = Date.parse(h("x-amz-object-lock-retain-until-date"));
    if (h("x-amz-object-lock-mode") !== "COMPLIANCE" || !(until - Date.parse(at) >= SEVEN_YEARS_MS))
      return "InvalidRequest";
    return null;
  }

  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      const why =
        request.method === "PUT" && request.url?.startsWith(`/${bucket}/`) ? fault(request, body) : "NoSuchBucket";
      if (why !== null) {
        refused.push(why);
        response.writeHead(403, { "content-type": "application/xml" }).end(`<Error><Code>${why}</Code></Error>`);
        return;
      }
      const name = (request.url ?? "").slice(bucket.length + 2);
      objects.set(name, [...(objects.get(name) ?? []), body]);
      response.writeHead(200, { etag: '"x"' }).end();
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ keys, region, bucket, objects, refused },
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}
