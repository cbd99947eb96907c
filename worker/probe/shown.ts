// What of an exchange may be kept and shown. A server may echo our credential: wherever it stands, it is taken out.
import type { IncomingHttpHeaders } from "node:http";
import { cleanText } from "#lib/domain/text";

/** Cleans, cuts to `max` characters and takes credentials out. */
export type Scrub = (text: string, max: number) => string;

const KEPT = [
  "www-authenticate",
  "location",
  "retry-after",
  "allow",
  "content-encoding",
  "mcp-protocol-version",
  "server",
];
/** Shorter values stand in too many ordinary texts to be taken out of them. */
const MIN_SECRET = 4;

/** The whole header value, the part after "Bearer ", and both as a URL would carry them; the longest first. */
function secretsOf(credential: Record<string, string>): string[] {
  const values = Object.values(credential).flatMap((value) => [value, value.replace(/^\S+\s+/, "")]);
  return [...new Set(values.flatMap((v) => [v, encodeURIComponent(v)]))]
    .filter((s) => s.length >= MIN_SECRET)
    .sort((a, b) => b.length - a.length);
}

/** The same message with every credential in it replaced, in keys and values, however it was escaped on the wire. */
export function withoutSecrets(
  message: Record<string, unknown>,
  credential: Record<string, string>,
): Record<string, unknown> {
  const secrets = secretsOf(credential);
  if (secrets.length === 0) return message;
  // As text it is only searched: replaced there, a credential that begins as an escape ends would break the JSON.
  const text = JSON.stringify(message);
  if (!secrets.some((secret) => text.includes(JSON.stringify(secret).slice(1, -1)))) return message;
  return replaced(message, (t) =>
    secrets.reduce((rest, secret) => rest.replaceAll(secret, "[credential]"), t),
  ) as Record<string, unknown>;
}

function replaced(value: unknown, clean: (text: string) => string): unknown {
  if (typeof value === "string") return clean(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((v) => replaced(v, clean));
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [clean(k), replaced(v, clean)]));
}

export function scrubber(credential: Record<string, string>): Scrub {
  const secrets = secretsOf(credential);
  return (text, max) => {
    // Look a little past the cut, so that a secret across it does not leave its first half behind.
    let shown = text.slice(0, max * 4 + 4_096);
    for (const secret of secrets) shown = shown.replaceAll(secret, "[credential]");
    return cleanText(shown, max);
  };
}

/** Origin and path. A query may hold a key, and an HTTP+SSE endpoint's holds the session: neither is written down. */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}${url.search === "" ? "" : "?…"}`;
}

export function shownRequestHeaders(
  sent: Record<string, string>,
  credential: Record<string, string>,
): Record<string, string> {
  const secret = Object.keys(credential).map((k) => k.toLowerCase());
  const shown: Record<string, string> = {};
  for (const k of Object.keys(sent))
    shown[k] = secret.includes(k.toLowerCase())
      ? "[credential]"
      : k === "mcp-session-id"
        ? "[session]"
        : (sent[k] ?? "");
  return shown;
}

export function shownHeaders(received: IncomingHttpHeaders, scrub: Scrub): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const name of KEPT) {
    const value = received[name];
    if (value === undefined) continue;
    const text = Array.isArray(value) ? value.join(", ") : value;
    shown[name] = scrub(name === "location" ? text.replace(/\?.*$/s, "?…") : text, 500);
  }
  if (received["mcp-session-id"] !== undefined) shown["mcp-session-id"] = "[session]";
  return shown;
}
