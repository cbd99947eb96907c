// What of an exchange may be kept and shown. A server may echo our credential: wherever it stands, it is taken out.
import type { IncomingHttpHeaders } from "node:http";
import { cleanText } from "#lib/domain/text";

/** Cleans, cuts to `max` characters and takes credentials out. */
export type Scrub = (text: string, max: number) => string;

const KEPT = ["www-authenticate", "location", "retry-after", "allow", "content-encoding", "mcp-protocol-version", "server"];
/** Shorter values stand in too many ordinary texts to be taken out of them. */
const MIN_SECRET = 4;

export function scrubber(credential: Record<string, string>): Scrub {
  const secrets = Object.values(credential)
    .flatMap((value) => [value, value.replace(/^\S+\s+/, ""), encodeURIComponent(value)])
    .filter((s) => s.length >= MIN_SECRET);
  return (text, max) => {
    // Look a little past the cut, so that a secret across it does not leave its first half behind.
    let shown = text.slice(0, max * 4 + 4_096);
    for (const secret of secrets) shown = shown.replaceAll(secret, "[credential]");
    return cleanText(shown, max);
  };
}

export function shownRequestHeaders(sent: Record<string, string>, credential: Record<string, string>): Record<string, string> {
  const secret = new Set(Object.keys(credential).map((k) => k.toLowerCase()));
  return Object.fromEntries(
    Object.entries(sent).map(([k, v]) => [k, secret.has(k.toLowerCase()) ? "[credential]" : k === "mcp-session-id" ? "[session]" : v]),
  );
}

export function shownHeaders(received: IncomingHttpHeaders, scrub: Scrub): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const name of KEPT) {
    const value = received[name];
    if (value !== undefined) shown[name] = scrub(Array.isArray(value) ? value.join(", ") : value, 500);
  }
  if (received["mcp-session-id"] !== undefined) shown["mcp-session-id"] = "[session]";
  return shown;
}
