// What binds a visit to one session of one browser. The database holds only hashes of it.
import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";

/** What a request shows beside its session's token. */
export interface Shown {
  /** The visit's cookie as it came; null when there is none. */
  cookie: string | null;
  /** HMAC-SHA-256 of the session's token. */
  fp: Uint8Array<ArrayBuffer>;
  /** Of the browser's User-Agent: a signal only, since it can be forged. */
  agent: Uint8Array<ArrayBuffer>;
}

export interface VisitCookie {
  tenantId: string;
  grantId: string;
  secret: string;
}

const bytes = (buffer: Buffer): Uint8Array<ArrayBuffer> => Uint8Array.from(buffer);
const keyed = (serverSecret: string, use: string, text: string) =>
  bytes(
    createHmac("sha256", Buffer.from(hkdfSync("sha256", serverSecret, "", `tocsin visit ${use}`, 32)))
      .update(text)
      .digest(),
  );

/** @param serverSecret TOCSIN_SECRET */
export function shownBy(serverSecret: string, token: string, userAgent: string, cookie: string | null): Shown {
  return { cookie, fp: keyed(serverSecret, "session", token), agent: keyed(serverSecret, "agent", userAgent) };
}

export const newSecret = (): string => randomBytes(32).toString("base64url");
export const secretHash = (secret: string): Uint8Array<ArrayBuffer> =>
  bytes(createHash("sha256").update(secret).digest());

export const cookieValue = ({ tenantId, grantId, secret }: VisitCookie): string => `${tenantId}.${grantId}.${secret}`;

const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const COOKIE = new RegExp(`^(${UUID})\\.(${UUID})\\.([\\w-]{43})$`);

/** null for what was never one of ours. */
export function readCookie(value: string | null): VisitCookie | null {
  const [, tenantId, grantId, secret] = COOKIE.exec(value?.slice(0, 200) ?? "") ?? [];
  return tenantId && grantId && secret ? { tenantId, grantId, secret } : null;
}

export function same(a: Uint8Array | null, b: Uint8Array): boolean {
  return a !== null && a.length === b.length && timingSafeEqual(a, b);
}
