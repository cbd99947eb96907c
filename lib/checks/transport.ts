// Name, connection, TLS, time: what went wrong below HTTP, by the code that Node, undici or OpenSSL gave.
import type { Cause } from "../domain/cause.ts";
import { type Step, type Transcript, WIRE_CODES } from "../domain/transcript.ts";
import type { Check } from "./check.ts";
import { caused, CLIENT_CERTIFICATE_WANTED, onEventStream, told } from "./evidence.ts";

const BY_CODE: Record<string, Cause> = {
  ENOTFOUND: "dns_nxdomain",
  ECONNREFUSED: "connect_refused",
  ECONNRESET: "connect_reset",
  EPIPE: "connect_reset",
  EHOSTUNREACH: "connect_unreachable",
  ENETUNREACH: "connect_unreachable",
  EHOSTDOWN: "connect_unreachable",
  ENETDOWN: "connect_unreachable",
  EADDRNOTAVAIL: "connect_unreachable",
  UND_ERR_HEADERS_OVERFLOW: "headers_too_large",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "body_incomplete",
  CERT_HAS_EXPIRED: "tls_expired",
  CERT_NOT_YET_VALID: "tls_not_yet_valid",
  ERR_TLS_CERT_ALTNAME_INVALID: "tls_hostname_mismatch",
  [CLIENT_CERTIFICATE_WANTED]: "auth_client_certificate",
  ERR_SSL_WRONG_VERSION_NUMBER: "tls_not_spoken",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "tls_not_spoken",
};
/** What OpenSSL says of a chain that leads to nobody whom we trust. */
const UNTRUSTED =
  /^(UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|CERT_CHAIN|CERT_UNTRUSTED|CERT_SIGNATURE|INVALID_CA|ERR_TLS_CERT)/;
const TIMEOUTS: Partial<Record<Step["phase"], Cause>> = {
  dns: "dns_timeout",
  connect: "connect_timeout",
  tls: "tls_timeout",
  discover: "discover_timeout",
  initialize: "initialize_timeout",
  initialized: "initialize_timeout",
  list: "list_timeout",
};
/** Answers that judge themselves in other checks. */
const ELSEWHERE = new Set<string>([
  WIRE_CODES.blocked,
  WIRE_CODES.fault,
  WIRE_CODES.tooLarge,
  WIRE_CODES.encoding,
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
    return step?.error ? caused(causeOf(step.error.code, step, transcript), step) : null;
  },
};

function causeOf(code: string, step: Step, transcript: Transcript): Cause {
  if (code === WIRE_CODES.timeout) {
    if (step.response && step.request?.method === "GET") return "sse_silent";
    const accepted = (step.response?.status ?? 0) < 300 && step.request?.method === "POST";
    if (step.response && accepted && onEventStream(transcript)) return "sse_no_response";
    return TIMEOUTS[step.phase] ?? "probe_timeout";
  }
  const known = BY_CODE[code];
  if (step.phase === "dns") return known === "dns_nxdomain" ? known : "dns_error";
  if (known) return known;
  if (step.phase === "tls" || /^(ERR_TLS|ERR_SSL|CERT_|EPROTO)/.test(code))
    return UNTRUSTED.test(code) ? "tls_untrusted" : "tls_error";
  if (/^(EAI_|ESERVFAIL|ENODATA|EREFUSED)/.test(code)) return "dns_error";
  if (UNTRUSTED.test(code)) return "tls_untrusted";
  // The parser of HTTP itself gave up: whatever this is, it is no web server.
  if (/^HPE_/.test(code)) return "not_http";
  // A compressed body that ends too soon is broken off like any other; one that makes no sense is no compression.
  if (code !== "Z_BUF_ERROR" && /^(Z_|ERR_BROTLI|ERR__ERROR|ERR_PADDING)/.test(code)) return "body_undecodable";
  // A body shorter than it said, a socket closed in the middle: the answer broke off.
  return step.response === undefined ? "connect_reset" : "body_incomplete";
}
