// Over 300 lines: one closed list. What exactly was seen, finer than the reason: routing and severity hang on the
// reason, and what the server's owner should do hangs on the cause.
import { type Reason, REASONS } from "./reason.ts";

export interface CauseRule {
  /** The reason under which it is routed. */
  reason: Reason;
  /** Short words for a list. */
  label: string;
  /** One sentence to the server's owner: what to do. */
  advice: string;
}

const rule = (reason: Reason, label: string, advice: string): CauseRule => ({ reason, label, advice });

export const CAUSES = {
  // Below HTTP
  dns_nxdomain: rule(
    "dns_failure",
    "The name does not exist",
    "Check how the host name is spelled, that its record is published and that the domain was renewed.",
  ),
  dns_error: rule(
    "dns_failure",
    "The name servers fail",
    "The name servers of this zone answer with an error: check them, the delegation and DNSSEC.",
  ),
  dns_timeout: rule(
    "timeout",
    "The name servers do not answer",
    "The name servers of this zone stay silent: check that they run and that nothing filters port 53.",
  ),
  connect_refused: rule(
    "connection_refused",
    "Nothing listens on the port",
    "Start the server process, or correct the port and the address that it binds to.",
  ),
  connect_timeout: rule(
    "timeout",
    "The connection is never accepted",
    "A firewall drops the packets or the machine is off: open the port and check that the machine runs.",
  ),
  connect_unreachable: rule(
    "connection_unreachable",
    "No route to the address",
    "Check the network, the route and whether the DNS record still names the right machine.",
  ),
  connect_reset: rule(
    "connection_reset",
    "The connection was closed without an answer",
    "Look for a crash or a restart in the server's log, and for a limit in the proxy before it.",
  ),
  body_incomplete: rule(
    "connection_reset",
    "The answer broke off in the middle",
    "The answer ended before the length that it announced: look for a crash, a proxy's time limit or a wrong Content-Length.",
  ),
  tls_expired: rule("tls_invalid", "The certificate has expired", "Renew the certificate and reload the server."),
  tls_not_yet_valid: rule(
    "tls_invalid",
    "The certificate is not valid yet",
    "The certificate begins in the future: check the clock of the machine that issued it, or serve the one before it.",
  ),
  tls_hostname_mismatch: rule(
    "tls_invalid",
    "The certificate names another host",
    "Issue a certificate that lists this host name, or correct which one the proxy serves for it.",
  ),
  tls_untrusted: rule(
    "tls_invalid",
    "The certificate's issuer is not trusted",
    "Send the whole chain with its intermediate certificates, or use an issuer that clients know.",
  ),
  tls_not_spoken: rule(
    "tls_invalid",
    "Plain HTTP behind an https address",
    "The port does not speak TLS: register the http address, or end TLS on this port.",
  ),
  tls_error: rule(
    "tls_invalid",
    "The TLS handshake fails",
    "Check the protocol versions, the ciphers, the size of the chain and that the server knows this host name (SNI).",
  ),
  tls_timeout: rule(
    "timeout",
    "The TLS handshake never ends",
    "The port accepts connections and does not speak TLS: check what listens there.",
  ),
  tls_ends_soon: rule(
    "tls_expiring",
    "The certificate ends soon",
    "Renew the certificate before it ends and reload the server.",
  ),
  tls_ends_in_14_days: rule(
    "tls_expiring",
    "The certificate ends within two weeks",
    "Renew the certificate now: what renews it by itself should have done so, so look at its log.",
  ),
  tls_ends_in_7_days: rule(
    "tls_expiring",
    "The certificate ends within a week",
    "Renew the certificate today and reload the server: clients refuse it from its last day on.",
  ),

  // Time
  discover_timeout: rule(
    "timeout",
    "No answer to the first request",
    "The request was accepted and not answered: look for a blocked handler, a slow upstream or an exhausted pool.",
  ),
  initialize_timeout: rule(
    "timeout",
    "No answer to initialize",
    "Look at the process behind the endpoint: behind a gateway it may hang while it starts.",
  ),
  list_timeout: rule(
    "timeout",
    "No answer to tools/list",
    "The handshake works and the list does not come: look at what is loaded to build it.",
  ),
  sse_no_response: rule(
    "timeout",
    "Accepted, and never answered on the event stream",
    "The message was taken and no answer came on the stream: look at the process behind the gateway, and at buffering in a proxy.",
  ),
  sse_silent: rule(
    "timeout",
    "The event stream opens and stays silent",
    "Send the endpoint event as soon as the stream opens, and switch off buffering in the proxy before it.",
  ),
  probe_timeout: rule(
    "timeout",
    "The whole check took too long",
    "Every step was slow or endless: look at the load of the server and at answers that never end.",
  ),

  // HTTP
  http_redirect: rule(
    "http_moved",
    "Redirected elsewhere",
    "Clients follow 307 and 308 on the same origin only: register the address it points to, or serve MCP at this one.",
  ),
  http_redirect_loop: rule(
    "http_moved",
    "Redirected in a circle",
    "The address redirects to itself again and again: correct the rewriting rule of the proxy.",
  ),
  http_not_found: rule(
    "http_not_found",
    "Nothing at this path",
    "The host answers and this path does not exist: check the endpoint's path, which often is /mcp or /sse.",
  ),
  http_gone: rule(
    "http_not_found",
    "The endpoint was removed",
    "The server says that this endpoint is gone for good: register its new address or remove it.",
  ),
  http_method_not_allowed: rule(
    "http_client_error",
    "POST is not allowed here",
    "MCP is spoken by POST: route it to the MCP handler, or correct the path.",
  ),
  http_not_acceptable: rule(
    "http_client_error",
    "The media types are refused",
    "A correct Accept header was refused: let application/json and text/event-stream pass through the proxy unchanged.",
  ),
  http_unsupported_media: rule(
    "http_client_error",
    "JSON is refused",
    "A body of application/json was refused: let Content-Type pass through the proxy unchanged.",
  ),
  http_client_error: rule(
    "http_client_error",
    "The request is refused",
    "A correct MCP request was refused: check the proxy, the firewall and limits on headers and bodies.",
  ),
  http_server_error: rule(
    "http_server_error",
    "The server fails",
    "Look at the server's log for the time shown: it answered with an error of its own.",
  ),
  gateway_error: rule(
    "http_server_error",
    "The gateway finds no server behind it",
    "The proxy runs and the server behind it does not answer: start it, or correct the proxy's upstream.",
  ),
  rate_limited: rule(
    "rate_limited",
    "Asked to slow down",
    "Raise the limit for this monitor or lengthen its interval: until then its last state is kept for a while.",
  ),

  // Authentication
  auth_with_prm: rule(
    "auth_required",
    "Protected, and says where to sign in",
    "The server is up and protected: give Tocsin a credential if its tools are to be checked as well.",
  ),
  auth_without_prm: rule(
    "auth_required",
    "Protected, by a scheme of its own",
    "The server is up and protected: store its key or token here, or name resource_metadata in its challenge for OAuth clients.",
  ),
  auth_client_certificate: rule(
    "auth_required",
    "Protected by client certificates",
    "The server is up and asks for a client certificate: store one here if its tools are to be checked as well.",
  ),
  auth_tools_only: rule(
    "auth_required",
    "The handshake is open, the tools are protected",
    "The server answers anybody and asks for a credential at its tools: store one if they are to be checked as well.",
  ),
  auth_bare: rule(
    "auth_misconfigured",
    "401 that does not say how to sign in",
    "Send WWW-Authenticate with resource_metadata on the 401, so that clients can find where to sign in.",
  ),
  prm_invalid: rule(
    "auth_misconfigured",
    "The sign-in metadata is wrong",
    "Correct the protected resource metadata: it has to name this resource and at least one authorization server.",
  ),
  as_unreachable: rule(
    "auth_misconfigured",
    "The authorization server cannot be read",
    "Publish the authorization server's metadata, with an issuer that is spelled exactly as the resource names it.",
  ),
  auth_rejected: rule(
    "credential_rejected",
    "Our credential is refused",
    "Issue a new credential and save it on this server's page: the one stored here is no longer accepted.",
  ),
  auth_insufficient_scope: rule(
    "credential_rejected",
    "Our credential may not do this",
    "Give the stored credential the scope that the server names, or store one that has it.",
  ),
  token_refused: rule(
    "credential_rejected",
    "The authorization server gives no token",
    "Check client id, client secret and scope of the stored credential at the authorization server.",
  ),
  forbidden: rule(
    "forbidden",
    "This client is forbidden",
    "Add this host name to the server's allowed hosts and origins, or let the monitor pass the firewall.",
  ),

  // The envelope
  not_mcp: rule(
    "not_mcp",
    "A page or another kind of answer",
    "Something answers that is no MCP: check the path, and that no sign-in or error page stands before the server.",
  ),
  not_http: rule(
    "not_mcp",
    "Another protocol than HTTP",
    "What listens on this port does not speak HTTP/1.1: correct the port, or the proxy's protocol towards clients.",
  ),
  sse_no_endpoint: rule(
    "not_mcp",
    "The event stream names no endpoint",
    "The stream opened and its endpoint event is missing or names another origin: look at the proxy's public address and buffering.",
  ),
  malformed_json: rule(
    "malformed_jsonrpc",
    "The answer is no JSON",
    "Print nothing but messages into the answer: logs and stack traces in it break every client.",
  ),
  malformed_jsonrpc: rule(
    "malformed_jsonrpc",
    "JSON, and no JSON-RPC 2.0",
    "Answer with jsonrpc 2.0, the request's id and either result or error: an outdated SDK or a proxy may rewrite it.",
  ),
  json_too_deep: rule(
    "malformed_jsonrpc",
    "Nested too deeply",
    "Clients refuse answers nested deeper than 64 levels: flatten them, and look for a schema that includes itself.",
  ),
  wrong_id: rule(
    "malformed_jsonrpc",
    "Answers another request",
    "The answer carries another id than the request: look for a cache or for answers that are mixed up between clients.",
  ),
  empty_answer: rule(
    "malformed_jsonrpc",
    "An empty answer",
    "The request was accepted with an empty body: the handler returns without a response to it.",
  ),
  sse_closed: rule(
    "malformed_jsonrpc",
    "The event stream ended without an answer",
    "The stream was closed before the response: look for a crash in the handler and for a proxy that cuts streams.",
  ),
  body_undecodable: rule(
    "malformed_jsonrpc",
    "The compression is broken",
    "The body is not what its Content-Encoding says: switch compression off in the server or in the proxy, not on in both.",
  ),
  response_too_large: rule(
    "response_too_large",
    "The answer is too large",
    "Clients take a few megabytes: page the tool list and shorten its descriptions and schemas.",
  ),
  headers_too_large: rule(
    "response_too_large",
    "The headers are too large",
    "Clients take 16 KiB of headers: look for cookies and for headers that a proxy adds again and again.",
  ),
  encoding_refused: rule(
    "response_too_large",
    "Compressed in a way that clients refuse",
    "Compress at most twice, with gzip, deflate or br.",
  ),
  tools_truncated: rule(
    "response_too_large",
    "More tools than clients take",
    "The list was read up to 2,000 tools and 8 MiB: offer fewer tools.",
  ),

  // The handshake
  protocol_version_unsupported: rule(
    "version_unsupported",
    "No common protocol version",
    "Update the server's SDK: it speaks no revision that clients know.",
  ),
  discover_error: rule(
    "protocol_error",
    "server/discover fails",
    "Every server of 2026-07-28 has to answer server/discover: look at its log for this request.",
  ),
  discover_invalid: rule(
    "protocol_error",
    "server/discover is answered with too little",
    "Answer server/discover with supportedVersions and capabilities, as every SDK does.",
  ),
  initialize_error: rule(
    "protocol_error",
    "initialize fails",
    "Look at the server's log for initialize, and at the process behind a gateway: it may have ended.",
  ),
  initialize_invalid: rule(
    "protocol_error",
    "initialize is answered with too little",
    "Answer initialize with protocolVersion, capabilities and serverInfo, as every SDK does.",
  ),
  session_lost: rule(
    "session_lost",
    "The session is forgotten at once",
    "Make sessions sticky to one instance or keep them where all instances see them; or serve without sessions.",
  ),
  session_not_held: rule(
    "session_lost",
    "A held session is forgotten",
    "A session ended although it was in use: lengthen its life, and keep it over restarts or answer 404 for it.",
  ),

  // Tools
  method_not_found: rule(
    "tool_list_failed",
    "tools/list does not exist",
    "The server says that it has tools and does not know tools/list: register its handler or take the capability away.",
  ),
  invalid_params: rule(
    "tool_list_failed",
    "tools/list refuses correct parameters",
    "A request without parameters or with the server's own cursor was refused: correct how the handler checks them.",
  ),
  jsonrpc_error: rule(
    "tool_list_failed",
    "tools/list fails",
    "The handshake works and the list does not: look at the server's log for tools/list.",
  ),
  list_refused: rule(
    "tool_list_failed",
    "tools/list is refused",
    "The handshake works and the next request is refused: check the proxy's rules for session and version headers.",
  ),
  pagination_loop: rule(
    "tool_list_failed",
    "The tool list does not end",
    "A cursor comes back or pages never end: return nextCursor only while there is more.",
  ),
  tools_list_invalid: rule(
    "schema_invalid",
    "The tool list has the wrong shape",
    "Return tools as an array of objects, each with a name of its own and an inputSchema that is an object.",
  ),
  tools_list_empty: rule(
    "empty_tool_list",
    "No tools where tools are announced",
    "Check what registers the tools and what it depends on: the list is empty although the capability is declared.",
  ),

  // Agreed test calls
  canary_missing: rule(
    "canary_failed",
    "The tool of the test call is gone",
    "The tool is no longer listed: bring it back, or choose another one for the test call.",
  ),
  canary_not_allowed: rule(
    "canary_failed",
    "The tool may not be called any more",
    "The tool no longer says that it only reads: annotate it readOnlyHint again, or allow it by name.",
  ),
  canary_error: rule(
    "canary_failed",
    "The tool says that it failed",
    "The tool answered isError: look at what it depends on, such as its upstream, database or key.",
  ),
  canary_protocol_error: rule(
    "canary_failed",
    "The call is answered with a protocol error",
    "The call gave a JSON-RPC error and no result: look at the server's log for tools/call.",
  ),
  canary_assertion: rule(
    "canary_failed",
    "Another answer than agreed",
    "The call works and its answer is not the agreed one: check the data behind the tool, or correct the agreement.",
  ),
  canary_empty: rule(
    "canary_failed",
    "An empty answer where one is known",
    "The call works and returns nothing: check the data behind the tool.",
  ),
  canary_timeout: rule(
    "canary_failed",
    "The test call is not answered in time",
    "The tool takes longer than agreed: look at its upstream and at its load.",
  ),
  canary_input_required: rule(
    "canary_failed",
    "The tool asks a person",
    "The test call was answered with a question: choose arguments that need none, or another tool.",
  ),

  // Health addresses and sessions
  health_status: rule(
    "health_degraded",
    "The health address answers with a bad status",
    "Look at the part that the body names; if all is well, correct which statuses count as good.",
  ),
  health_body: rule(
    "health_degraded",
    "The health address says that something is wrong",
    "The status may be good and the body is not: look at the value named.",
  ),
  health_slow: rule(
    "health_degraded",
    "The health address is slow",
    "It answers later than its limit: look at the part that it asks, or raise the limit.",
  ),
  health_unreachable: rule(
    "health_degraded",
    "The health address does not answer",
    "Nothing answers there in time: check the address, its certificate and whether that part runs.",
  ),
  health_protocol: rule(
    "health_degraded",
    "A part of the protocol fails",
    "The server lists its tools and fails at this part: look at its handler for the method named.",
  ),
  session_not_checked: rule(
    "session_not_checked",
    "Unknown sessions are served",
    "Look the session id of every request up and answer 404 for one that you never gave: it may be somebody else's.",
  ),

  // Ours
  blocked_address: rule(
    "blocked_address",
    "An address that Tocsin does not reach",
    "The address is private or reserved: register a public one, or have an operator allow its range.",
  ),
  our_request: rule(
    "prober_fault",
    "Our own request was wrong",
    "Nothing is to be done at the server: tell the operators of Tocsin that its prober sends a wrong request.",
  ),
  probe_internal: rule(
    "prober_fault",
    "Our prober failed",
    "Nothing is to be done at the server: the operators of Tocsin see the fault in their own log.",
  ),
  region_offline: rule(
    "prober_fault",
    "This region reaches nothing",
    "Nothing is to be done at the server: the region's own line is cut, and Tocsin's operators are told.",
  ),
} as const satisfies Record<string, CauseRule>;

export type Cause = keyof typeof CAUSES;
export const CAUSE_NAMES = Object.keys(CAUSES) as Cause[];

/** A cause as it was stored, perhaps by another version; null where this one does not know it. */
export function asCause(value: unknown): Cause | null {
  return typeof value === "string" && Object.hasOwn(CAUSES, value) ? (value as Cause) : null;
}

/** What most regions that give this reason saw; null where none of them says. */
export function causeAmong(reason: string, cells: readonly unknown[]): Cause | null {
  const counts = new Map<Cause, number>();
  for (const cell of cells) {
    const { reason: own, cause } = (cell ?? {}) as { reason?: unknown; cause?: unknown };
    const known = own === reason ? asCause(cause) : null;
    if (known !== null) counts.set(known, (counts.get(known) ?? 0) + 1);
  }
  return [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))[0]?.[0] ?? null;
}

/** What to do, as precisely as is known: the cause's sentence where there is one that belongs to the reason. */
export function adviceFor(reason: Reason, cause: unknown): string {
  const known = asCause(cause);
  return known !== null && CAUSES[known].reason === reason ? CAUSES[known].advice : REASONS[reason].advice;
}

/** The taxonomy as docs/checks.md prints it: reasons by layer, and under each its causes. */
export function causesAsMarkdown(): string {
  const lines = Object.entries(REASONS).flatMap(([reason, { layer, status, severity, label, advice }]) => {
    const causes = CAUSE_NAMES.filter((name) => CAUSES[name].reason === reason);
    const own = causes.map((name) => `- \`${name}\`: ${CAUSES[name].label}. ${CAUSES[name].advice}`);
    return [
      `### \`${reason}\``,
      `${label}. Status ${status}, severity ${severity} for a server of one's own, layer ${layer}.`,
      ...(own.length > 0 ? [own.join("\n")] : [advice]),
    ];
  });
  return `${lines.join("\n\n")}\n`;
}
