// Name, connection, TLS, time: what went wrong below HTTP, by the code that Node, undici or OpenSSL gave.
import type { Reason } from "../domain/reason.ts";
import { WIRE_CODES } from "../domain/transcript.ts";
import type { Check } from "./check.ts";
import { finding, told } from "./evidence.ts";

const BY_CODE: Record<string, Reason> = {
  [WIRE_CODES.timeout]: "timeout",
  ECONNREFUSED: "connection_refused",
  ECONNRESET: "connection_reset",
  EPIPE: "connection_reset",
  EHOSTUNREACH: "connection_unreachable",
  ENETUNREACH: "connection_unreachable",
  EHOSTDOWN: "connection_unreachable",
  ENETDOWN: "connection_unreachable",
  EADDRNOTAVAIL: "connection_unreachable",
  UND_ERR_HEADERS_OVERFLOW: "response_too_large",
};
/** Answers that judge themselves in other checks. */
const ELSEWHERE = new Set<string>([
  WIRE_CODES.blocked,
  WIRE_CODES.fault,
  WIRE_CODES.tooLarge,
  WIRE_CODES.notJson,
  WIRE_CODES.tooDeep,
  WIRE_CODES.noAnswer,
  WIRE_CODES.notOurs,
  WIRE_CODES.noEndpoint,
]);

export const transport: Check = {
  name: "transport",
  promise:
    "A name that does not resolve, a refused or broken connection, bad TLS and silence are told apart, with the step.",
  run(transcript) {
    const step = told(transcript).find((s) => s.error !== undefined && !ELSEWHERE.has(s.error.code));
    if (!step?.error) return null;
    return finding(reasonOf(step.error.code, step.phase), step);
  },
};

function reasonOf(code: string, phase: string): Reason {
  const known = BY_CODE[code];
  if (known === "timeout") return known;
  if (phase === "dns") return "dns_failure";
  if (phase === "tls") return code === "ECONNRESET" ? "connection_reset" : "tls_invalid";
  if (known) return known;
  if (/^(ENOTFOUND|EAI_|ESERVFAIL|ENODATA|EREFUSED)/.test(code)) return "dns_failure";
  if (/^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO)/.test(code)) return "tls_invalid";
  // The parser of HTTP itself gave up: whatever this is, it is no web server.
  if (/^HPE_/.test(code)) return "not_mcp";
  // Bad gzip, a body shorter than it said, a socket closed in the middle: the answer broke off.
  return "connection_reset";
}
