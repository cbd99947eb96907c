// Signatures of what comes in, always over the bytes as they came and compared in constant time. Every secret that is
// valid now is tried, so that how long it takes says nothing of which one it was.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

export const TOLERANCE_S = 300;

const hmac = (secret: string | Uint8Array, ...parts: (string | Uint8Array)[]): Buffer => {
  const h = createHmac("sha256", secret);
  for (const part of parts) h.update(part);
  return h.digest();
};

/** Equal lengths first: both sides are hashed, so nothing is said of the lengths either. */
export function sameSecret(a: string | Uint8Array, b: string | Uint8Array): boolean {
  const digest = (v: string | Uint8Array) => createHash("sha256").update(v).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** No early end: every pair is compared. With no secret at all one comparison is made all the same. */
function anyMatches(expected: Buffer[], given: Buffer[]): boolean {
  let found = 0;
  const against = expected.length > 0 ? expected : [Buffer.alloc(32)];
  for (const one of against) for (const sign of given) found |= Number(sameSecret(one, sign));
  return expected.length > 0 && found === 1;
}

/** Seconds since 1970 as a header says them, or null. */
function fresh(timestamp: string, now: Date): boolean {
  return /^\d{1,12}$/.test(timestamp) && Math.abs(now.getTime() / 1000 - Number(timestamp)) <= TOLERANCE_S;
}

/** Slack's X-Slack-Signature: "v0=" + hex over "v0:" + timestamp + ":" + body. */
export function slackSigned(
  secrets: readonly string[],
  headers: { signature: string | null; timestamp: string | null },
  body: Uint8Array,
  now: Date,
): boolean {
  const hex = /^v0=([0-9a-f]{64})$/.exec(headers.signature ?? "")?.[1] ?? "";
  const at = headers.timestamp ?? "";
  const expected = secrets.map((s) => hmac(s, `v0:${at}:`, body));
  const right = anyMatches(expected, [Buffer.from(hex, "hex")]);
  return right && hex !== "" && fresh(at, now);
}

/** PagerDuty's X-PagerDuty-Signature: a list of "v1=" + hex over the body, one for each of their secrets. */
export function pagerdutySigned(secrets: readonly string[], header: string | null, body: Uint8Array): boolean {
  const given = (header ?? "")
    .slice(0, 2_000)
    .split(",")
    .slice(0, 10)
    .flatMap((part) => /^\s*v1=([0-9a-f]{64})\s*$/.exec(part)?.[1] ?? [])
    .map((hex) => Buffer.from(hex, "hex"));
  const expected = secrets.map((s) => hmac(s, body));
  return anyMatches(expected, given.length > 0 ? given : [Buffer.alloc(0)]) && given.length > 0;
}

/** Standard Webhooks: a list, by blanks, of "v1," + base64 over id + "." + timestamp + "." + body. @param key bytes */
export function standardSigned(
  key: Uint8Array,
  headers: { id: string | null; timestamp: string | null; signature: string | null },
  body: Uint8Array,
  now: Date,
): boolean {
  const [id, at] = [headers.id ?? "", headers.timestamp ?? ""];
  const given = (headers.signature ?? "")
    .slice(0, 2_000)
    .split(" ")
    .slice(0, 10)
    .flatMap((part) => /^v1,([A-Za-z0-9+/]{43}=)$/.exec(part)?.[1] ?? [])
    .map((text) => Buffer.from(text, "base64"));
  const right = anyMatches([hmac(key, `${id}.${at}.`, body)], given.length > 0 ? given : [Buffer.alloc(0)]);
  return right && given.length > 0 && /^[\w.-]{1,200}$/.test(id) && fresh(at, now);
}
