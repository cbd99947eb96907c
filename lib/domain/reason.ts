// Over 300 lines: one closed list, a rule for each reason.
// Every way a server can be wrong, as one closed list: its layer, what it does to the status, its default
// severity, and one sentence that tells the server's owner what to do.

export type Layer = "transport" | "http" | "handshake" | "tools" | "platform";
export type Status = "up" | "degraded" | "down" | "unknown";
export type Severity = "P1" | "P2" | "P3" | "P4";

export interface ReasonRule {
  layer: Layer;
  /** What this finding alone makes of the outcome's status. */
  status: Status;
  severity: Severity;
  /** Short words for a list. */
  label: string;
  /** One sentence to the server's owner: what to do. */
  advice: string;
}

const rule = (layer: Layer, status: Status, severity: Severity, label: string, advice: string): ReasonRule => ({
  layer,
  status,
  severity,
  label,
  advice,
});

export const REASONS = {
  dns_failure: rule(
    "transport",
    "down",
    "P1",
    "Name does not resolve",
    "Check that the host name is spelled right, that its DNS zone is published and that the domain has not expired.",
  ),
  connection_refused: rule(
    "transport",
    "down",
    "P1",
    "Connection refused",
    "Nothing listens on that address and port: start the server process, or correct the port.",
  ),
  connection_reset: rule(
    "transport",
    "down",
    "P1",
    "Connection reset",
    "The server or something before it closed the connection: look at its logs and at proxies for a crash or a limit.",
  ),
  connection_unreachable: rule(
    "transport",
    "down",
    "P1",
    "Host unreachable",
    "No route or no answer from that address: check the network, the firewall and whether the machine is on.",
  ),
  tls_invalid: rule(
    "transport",
    "down",
    "P1",
    "TLS certificate invalid",
    "Clients refuse this certificate: renew it, and see that it names this host and is sent with its whole chain.",
  ),
  tls_expiring: rule(
    "transport",
    "up",
    "P3",
    "TLS certificate expires soon",
    "Renew the certificate before it expires and reload the server.",
  ),
  timeout: rule(
    "transport",
    "down",
    "P2",
    "No answer in time",
    "The server accepted the request but did not answer: look for a blocked handler, a slow upstream or an exhausted pool.",
  ),
  http_moved: rule(
    "http",
    "down",
    "P2",
    "Redirected elsewhere",
    "MCP clients do not follow this redirect: register the address it points to, or serve MCP at this one.",
  ),
  http_not_found: rule(
    "http",
    "down",
    "P2",
    "Nothing at this path",
    "The host answers but not at this path: check the endpoint's path, which often is /mcp or /sse.",
  ),
  http_client_error: rule(
    "http",
    "down",
    "P2",
    "Request refused",
    "The server refused a correct MCP request: check its Host and Origin lists, its proxy and the accepted media types.",
  ),
  forbidden: rule(
    "http",
    "degraded",
    "P3",
    "Forbidden",
    "The server forbids this client: check its list of allowed hosts and origins and any firewall before it.",
  ),
  http_server_error: rule(
    "http",
    "down",
    "P1",
    "Server error",
    "The server answered with an error of its own: look at its logs for the time shown.",
  ),
  rate_limited: rule(
    "http",
    "unknown",
    "P4",
    "Rate limited",
    "The server asked us to slow down: raise the limit for this monitor or lengthen its interval.",
  ),
  auth_required: rule(
    "http",
    "up",
    "P4",
    "Up, asks for credentials",
    "The server is up and protected: give Tocsin a credential if its tools are to be checked as well.",
  ),
  auth_misconfigured: rule(
    "http",
    "degraded",
    "P3",
    "Sign-in not discoverable",
    "The server refuses without saying how to sign in: send WWW-Authenticate with resource_metadata on its 401.",
  ),
  credential_rejected: rule(
    "http",
    "degraded",
    "P2",
    "Credential rejected",
    "The credential stored here is no longer accepted: issue a new one and save it on this server's page.",
  ),
  credential_expiring: rule(
    "http",
    "up",
    "P2",
    "Credential expires soon",
    "Issue a new probe credential and save it before the old one expires.",
  ),
  not_mcp: rule(
    "handshake",
    "down",
    "P2",
    "Not an MCP server",
    "Something answers here, but it is not MCP: check the path and that no sign-in page or error page stands before it.",
  ),
  malformed_jsonrpc: rule(
    "handshake",
    "down",
    "P2",
    "Malformed JSON-RPC",
    "The answer is not valid JSON-RPC 2.0: check the server's SDK version and anything that rewrites bodies.",
  ),
  protocol_error: rule(
    "handshake",
    "down",
    "P1",
    "Protocol error",
    "The server answered the handshake with an error: look at its logs, and at the process behind a proxy.",
  ),
  version_unsupported: rule(
    "handshake",
    "down",
    "P2",
    "No common protocol version",
    "The server speaks no protocol version that clients know: update its SDK.",
  ),
  session_lost: rule(
    "handshake",
    "degraded",
    "P2",
    "Session lost",
    "The server forgets its sessions between requests: make sessions sticky to one instance, or serve without them.",
  ),
  session_not_checked: rule(
    "handshake",
    "degraded",
    "P3",
    "Unknown sessions are served",
    "Look the session id of every request up and answer 404 for one that you never gave: it may be somebody else's.",
  ),
  empty_tool_list: rule(
    "tools",
    "degraded",
    "P2",
    "No tools listed",
    "The server says it has tools but lists none: check what registers them and what it depends on.",
  ),
  tool_list_failed: rule(
    "tools",
    "degraded",
    "P2",
    "Tool list failed",
    "The handshake works but tools/list does not: look at the server's logs for that request.",
  ),
  schema_invalid: rule(
    "tools",
    "degraded",
    "P3",
    "Tool list invalid",
    "A tool has no name or no valid inputSchema: clients will drop it or the whole list.",
  ),
  schema_drift: rule(
    "tools",
    "up",
    "P3",
    "Tools changed",
    "The tools differ from the approved baseline: review the change and approve it.",
  ),
  canary_failed: rule(
    "tools",
    "degraded",
    "P2",
    "Test call failed",
    "The agreed test call did not give the agreed answer: check the tool and what it depends on.",
  ),
  health_degraded: rule(
    "http",
    "degraded",
    "P2",
    "Health endpoint says degraded",
    "The health endpoint itself reports trouble: its body says which part.",
  ),
  response_too_large: rule(
    "http",
    "degraded",
    "P3",
    "Answer too large",
    "The answer exceeds what clients can take: page the tool list or shorten its descriptions.",
  ),
  latency_elevated: rule(
    "http",
    "degraded",
    "P2",
    "Slow",
    "Answers take much longer than usual: look for load, cold starts or a slow upstream.",
  ),
  error_rate_elevated: rule(
    "http",
    "degraded",
    "P2",
    "Errors more often than usual",
    "A part of the requests fails: look for an unhealthy instance behind a balancer.",
  ),
  region_failing: rule(
    "transport",
    "degraded",
    "P4",
    "Fails from one region only",
    "One region cannot reach the server while others can: look at routing, geo rules and the nearest edge.",
  ),
  edge_divergence: rule(
    "tools",
    "degraded",
    "P3",
    "Regions see different tools",
    "One edge serves an older tool list: redeploy or purge it.",
  ),
  blocked_address: rule(
    "platform",
    "unknown",
    "P4",
    "Address not allowed",
    "This address is private or reserved, and Tocsin does not connect to it: an operator can allow a named range.",
  ),
  prober_fault: rule(
    "platform",
    "unknown",
    "P2",
    "Could not be probed",
    "The fault is on our side: the probe was stopped or its region is offline. Nothing is said about the server.",
  ),
  not_checked: rule(
    "platform",
    "unknown",
    "P2",
    "Not checked",
    "No region has looked at this server for two intervals: check that the worker and its probers run.",
  ),
  region_stopped: rule(
    "platform",
    "unknown",
    "P2",
    "Region stopped checking",
    "Nothing has come from this region for two intervals: restart its prober process and look at its logs.",
  ),
  region_offline: rule(
    "platform",
    "unknown",
    "P2",
    "Region offline",
    "Everything fails from this region, its own way out included: check its network. Its servers are not blamed meanwhile.",
  ),
  queue_behind: rule(
    "platform",
    "unknown",
    "P2",
    "Checks start late",
    "Checks wait in the queue for longer and longer: add prober processes or look for a tenant whose servers hang.",
  ),
  probe_throttled: rule(
    "platform",
    "unknown",
    "P2",
    "Checks slowed down",
    "Probes of this tenant had to be killed again and again, so they come less often: look at the servers that hang.",
  ),
  checkpoint_gap: rule(
    "platform",
    "unknown",
    "P2",
    "Audit log not signed",
    "No checkpoint of the audit log was made for 180 seconds: look at the worker's log for its signing key or its folder.",
  ),
  stream_behind: rule(
    "platform",
    "unknown",
    "P2",
    "Copy of the audit log behind",
    "A copy of the audit log has not caught up for 180 seconds: look at its last error under Platform, Streams.",
  ),
  emergency_access: rule(
    "platform",
    "unknown",
    "P1",
    "Emergency account used",
    "Ask the root operators who it was and why: when nobody says so, close the account and end its session at once.",
  ),
  emergency_refused: rule(
    "platform",
    "unknown",
    "P1",
    "Emergency sign-in refused",
    "Ask the root operators whether one of them mistyped: when nobody did, somebody is trying the emergency door.",
  ),
  external_alert: rule(
    "platform",
    "down",
    "P2",
    "Alert of another monitor",
    "Another monitor sent this alert to Tocsin: look there for what it saw.",
  ),
  error_budget_burning: rule(
    "http",
    "degraded",
    "P2",
    "Error budget runs out fast",
    "At this rate the month's error budget is used up within days: look at what failed within the last hour.",
  ),
  sink_unproven: rule(
    "platform",
    "unknown",
    "P2",
    "Sink no longer proven",
    "Nobody is told there until somebody proves again that the sink is theirs: open it and follow the steps.",
  ),
  sink_failing: rule(
    "platform",
    "unknown",
    "P2",
    "Sink takes no notices",
    "Notices to this sink were refused or given up: open it, mend its settings, and send them again.",
  ),
  notices_stuck: rule(
    "platform",
    "unknown",
    "P1",
    "Notices do not leave",
    "An incident has no next step or a delivery does not settle: look at the worker's log and at the deliveries named here.",
  ),
  selftest_failed: rule(
    "platform",
    "unknown",
    "P1",
    "Self-test failed",
    "A made-up alert did not come through to its end within a minute, so a real one may not either: look at the worker's duties.",
  ),
  worker_stopped: rule(
    "platform",
    "unknown",
    "P1",
    "Worker stopped",
    "The worker has stopped: nothing is checked and nothing new is detected until it runs again.",
  ),
} as const satisfies Record<string, ReasonRule>;

export type Reason = keyof typeof REASONS;

export const REASON_NAMES = Object.keys(REASONS) as [Reason, ...Reason[]];
export const STATUSES = ["up", "degraded", "down", "unknown"] as const;
export const SEVERITIES = ["P1", "P2", "P3", "P4"] as const;

export function reasonRule(reason: Reason): ReasonRule {
  return REASONS[reason];
}
