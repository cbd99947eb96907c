// What the wire reads from heads and from thrown things, as facts with stable codes.
import type { IncomingHttpHeaders } from "node:http";
import { type AddressPolicy, assertUrlAllowed, ConnectError } from "#lib/adapters/http";
import { TocsinError } from "#lib/domain/error";
import { WIRE_CODES } from "#lib/domain/transcript";
import type { Scrub } from "./shown.ts";

/** A thrown thing as a code: Node's own, or ours where ours says more. */
export function failureOf(err: unknown, expired: boolean, scrub: Scrub): { code: string; detail: string } {
  if (err instanceof TocsinError) return { code: err.code, detail: err.detail ?? "" };
  if (err instanceof ConnectError)
    return { code: err.code === "ETIMEDOUT" ? WIRE_CODES.timeout : err.code, detail: "" };
  if (expired) return { code: WIRE_CODES.timeout, detail: "" };
  const { code = err instanceof Error && err.name === "HTTPParserError" ? "HPE_INVALID" : undefined } = err as {
    code?: unknown;
  };
  const timeouts = ["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT", "UND_ERR_CONNECT_TIMEOUT", "ETIMEDOUT"];
  if (typeof code !== "string")
    return { code: WIRE_CODES.fault, detail: scrub(err instanceof Error ? err.name : typeof err, 80) };
  return { code: timeouts.includes(code) ? WIRE_CODES.timeout : code.slice(0, 80), detail: "" };
}

/** All values of a header as one, empty when it is absent. */
export function one(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return Array.isArray(value) ? value.join(", ") : (value ?? "");
}

/** Only what clients follow too: 307 and 308 inside the same origin. Everything else is the answer itself. */
export function redirectTarget(status: number, location: string, from: URL, policy: AddressPolicy): URL | null {
  if ((status !== 307 && status !== 308) || location === "") return null;
  const target = URL.parse(location, from);
  return target !== null && target.origin === from.origin ? assertUrlAllowed(target, policy) : null;
}
