// Over 300 lines: one given runbook for each reason, all of them in one place to be read against each other.
import type { Reason } from "./reason.ts";

export interface RunbookText {
  /** What it means, and what it does not. */
  means: string;
  /** The first three things to look at, in this order. */
  checks: readonly [string, string, string];
  owner: string;
  escalate: string;
}

const book = (means: string, checks: RunbookText["checks"], owner: string, escalate: string): RunbookText => ({
  means,
  checks,
  owner,
  escalate,
});

const SERVER = "Whoever runs the server.";
const NETWORK = "Whoever runs the host and its network.";
const OURS = "Whoever runs this installation of Tocsin.";
const STILL_15 = "When it still fails after 15 minutes, or a second server of the same host fails too.";

export const RUNBOOK_TEXTS: Record<Reason, RunbookText> = {
  dns_failure: book(
    "The host name gives no address from any region, so no client can find the server.",
    [
      "Resolve the name from outside: dig +trace NAME. NXDOMAIN means that the record is gone, SERVFAIL that its zone is broken.",
      "See that the domain is paid for and that its name servers at the registrar are the ones in use.",
      "Look at the last change of the zone, DNSSEC keys included, and take it back when it fits in time.",
    ],
    "Whoever keeps the DNS zone of this domain.",
    "At once when the domain has expired or more names of the zone fail: caches hide it only until their time is up.",
  ),
  connection_refused: book(
    "The machine answers, but nothing listens on that port: the process is stopped or bound elsewhere.",
    [
      "On the host, see whether the process runs and what it wrote last: an exit code, out of memory, a failed start.",
      "See on which address and port it listens (ss -ltnp), and that the load balancer points there.",
      "If it was deployed within the hour, roll back first and read later.",
    ],
    SERVER,
    "When a restart does not hold for five minutes: whoever wrote the last release has to look.",
  ),
  connection_reset: book(
    "The connection was opened and then cut before an answer: a crash while serving, or a proxy that gave up.",
    [
      "Look in the server's log for a crash or a restart at the times shown.",
      "Look at the proxy before it: connection limits, idle timeouts, a protocol mismatch between it and the server.",
      "Ask one instance directly, past the proxy, and see whether it answers.",
    ],
    SERVER,
    STILL_15,
  ),
  connection_unreachable: book(
    "Packets to that address get no answer: the machine is off, or the network between is closed.",
    [
      "See in the provider's console whether the machine runs, and whether the provider reports trouble.",
      "Look at firewalls and security groups: was a rule changed, is the prober's region shut out?",
      "Trace the route from another network and see where it ends.",
    ],
    NETWORK,
    "At once when more than one host of that network is silent.",
  ),
  tls_invalid: book(
    "Clients refuse the certificate, so every one of them fails before it says a word.",
    [
      "Look at what is served: openssl s_client -connect HOST:443 -servername HOST. Compare names, dates and chain.",
      "If it has expired, run the renewal by hand and read why the automatic one did not.",
      "Reload what serves it: a renewed file on disk helps nobody while the old one is in memory.",
    ],
    "Whoever renews certificates for this host.",
    "When a new certificate cannot be had within 30 minutes.",
  ),
  tls_expiring: book(
    "The certificate still holds and ends soon: nothing fails yet.",
    [
      "See when the automatic renewal last ran, and with what result.",
      "Renew by hand in a staging place to see whether the authority still accepts the challenge.",
      "After renewal, see that the server serves the new one.",
    ],
    "Whoever renews certificates for this host.",
    "When less than 72 hours are left.",
  ),
  timeout: book(
    "The server took the request and did not answer in time. Its clients wait as long.",
    [
      "See its load: CPU, memory, event loop or thread pool, open connections.",
      "See what it waits for: a database, another service, a lock. The slowest dependency is the usual cause.",
      "Compare regions: one slow region points at the network, all of them at the server.",
    ],
    SERVER,
    STILL_15,
  ),
  http_moved: book(
    "The address answers with a redirect that MCP clients do not follow.",
    [
      "See where it points (curl -sI URL) and whether that was meant.",
      "If the server has moved for good, register the new address here and tell its clients.",
      "If not, look for a proxy rule that adds a slash, a host or a sign-in page.",
    ],
    SERVER,
    "When clients cannot be told of the new address today.",
  ),
  http_not_found: book(
    "The host works, and at this path there is nothing.",
    [
      "Try the usual paths /mcp and /sse on the same host.",
      "See whether the last release renamed the route or the proxy's prefix changed.",
      "See that the right application answers: a default page comes from the proxy, not from the server.",
    ],
    SERVER,
    STILL_15,
  ),
  http_client_error: book(
    "The server refuses a correct MCP request with a 4xx.",
    [
      "Read the status and body in the transcript on the server's page.",
      "Look at its lists of allowed hosts and origins and at the media types that it accepts.",
      "See whether a firewall or a bot filter before it began to refuse.",
    ],
    SERVER,
    STILL_15,
  ),
  forbidden: book(
    "This client is refused with 403 while the server is up.",
    [
      "Look whether the regions' addresses were taken off an allow list.",
      "Look at the bot or country filter of the proxy for refusals at the times shown.",
      "Ask whether other clients are refused too.",
    ],
    SERVER,
    "When real clients are refused as well.",
  ),
  http_server_error: book(
    "The server answers with an error of its own: it runs, and it fails at its work.",
    [
      "Read its log at the time shown; the first error after the last good minute counts.",
      "See what it depends on: database, queue, other services, disk space.",
      "If it was released within the hour, roll back first.",
    ],
    SERVER,
    STILL_15,
  ),
  rate_limited: book(
    "The server asked us to slow down. Nothing is said about how it works for others.",
    [
      "See the interval of this server and its number of regions.",
      "Raise the limit for this monitor, or tell the server whose requests these are.",
      "Lengthen the interval here when the limit has to stay.",
    ],
    SERVER,
    "When real clients report 429 as well.",
  ),
  auth_required: book(
    "The server is up and asks for credentials that nobody has stored here.",
    [
      "Decide whether its tools are to be checked as well.",
      "If so, save a credential of least rights on the server's page.",
      "If not, leave it: being asked to sign in counts as up.",
    ],
    SERVER,
    "Never: nothing is broken.",
  ),
  auth_misconfigured: book(
    "The server refuses without saying how to sign in, so clients cannot begin.",
    [
      "See that its 401 carries WWW-Authenticate with resource_metadata.",
      "Fetch that address and the authorization server's metadata that it names.",
      "Compare the issuer and resource there with the address that is registered here.",
    ],
    SERVER,
    "When real users cannot sign in.",
  ),
  credential_rejected: book(
    "The credential stored here is refused. Real users may be fine.",
    [
      "See whether the credential was revoked or has expired at its issuer.",
      "Issue a new one of the same rights and save it on the server's page.",
      "If the new one is refused too, read the walk through the sign-in there: the fault is the server's.",
    ],
    "Whoever holds the credential's account.",
    "When a new credential is refused as well.",
  ),
  credential_expiring: book(
    "The credential stored here ends within days; checks fail from then on.",
    [
      "Issue a new one before the day shown.",
      "Save it on the server's page; the next check uses it.",
      "Revoke the old one at its issuer.",
    ],
    "Whoever holds the credential's account.",
    "When it ends within 24 hours and nobody can issue one.",
  ),
  not_mcp: book(
    "Something answers, and it does not speak MCP.",
    [
      "Open the address: a sign-in page, an error page or another application is seen at once.",
      "See whether the proxy sends this path to the right backend.",
      "Compare with the address in the server's own documents.",
    ],
    SERVER,
    STILL_15,
  ),
  malformed_jsonrpc: book(
    "The answer is no valid JSON-RPC 2.0.",
    [
      "Read the answer in the transcript: where does it break?",
      "Look for something that rewrites bodies: compression, a proxy, a logging middleware that writes to the stream.",
      "See the version of the SDK and its known faults.",
    ],
    SERVER,
    STILL_15,
  ),
  protocol_error: book(
    "The server answers the handshake with an error: clients cannot start a session.",
    [
      "Read the error's code and words in the transcript.",
      "See in its log what failed while it initialised: missing settings, an unreachable store.",
      "If it was released within the hour, roll back first.",
    ],
    SERVER,
    STILL_15,
  ),
  version_unsupported: book(
    "The server offers no protocol version that clients know.",
    [
      "See which version it offers and which its SDK supports.",
      "Update the SDK, or take a change back that dropped old versions.",
      "Tell its clients when a version was dropped on purpose.",
    ],
    SERVER,
    "When real clients are cut off.",
  ),
  session_lost: book(
    "The server forgets sessions between requests: users lose their place in the middle of work.",
    [
      "See whether more than one instance runs, and whether the balancer keeps a session on one of them.",
      "See where sessions are kept and whether that store was restarted or is full.",
      "See whether instances restart often.",
    ],
    SERVER,
    STILL_15,
  ),
  session_not_checked: book(
    "The server serves requests under session ids that it never gave out: one user may reach another's session.",
    [
      "Look up how it finds a session from the header, and what it does when there is none.",
      "Make unknown ids a 404, as the protocol says.",
      "See in its log whether guessed ids were tried.",
    ],
    "Whoever wrote the server, with whoever answers for its security.",
    "When it keeps anything of one user in a session: then today.",
  ),
  empty_tool_list: book(
    "The server says that it has tools and lists none: it looks up and is of no use.",
    [
      "See what registers its tools and what that depends on: a plug-in folder, a database, another service.",
      "See whether the list depends on who asks, and whether rights changed.",
      "Restart one instance and see whether the list comes back.",
    ],
    SERVER,
    STILL_15,
  ),
  tool_list_failed: book(
    "The handshake works, and the list of tools does not come.",
    [
      "Read the error of tools/list in the transcript.",
      "Look in its log for that request at the time shown.",
      "See whether one tool's definition breaks the list: take the newest one out.",
    ],
    SERVER,
    STILL_15,
  ),
  schema_invalid: book(
    "A tool is listed without a name or without a valid inputSchema; clients drop it or the whole list.",
    [
      "See on the server's tools page which one it is.",
      "Look at what changed in that tool last.",
      "Validate the list before a release from now on.",
    ],
    SERVER,
    "When clients drop the whole list.",
  ),
  schema_drift: book(
    "The tools are not those that were approved. It may be a release, and it may be somebody else's work.",
    [
      "Read the changes on the server's tools page, hidden characters included.",
      "Ask whoever runs the server whether they released at that time.",
      "Approve the change when it was theirs; else treat it as an intrusion.",
    ],
    "Whoever approved the tools.",
    "At once when nobody knows of a release, or a description gives orders to the model.",
  ),
  canary_failed: book(
    "The agreed test call no longer gives the agreed answer: the server is up and works wrongly.",
    [
      "Compare the answer with the agreed one on the server's checks page.",
      "See what the tool depends on, and whether its data changed.",
      "If the answer is right and the agreement old, change the check.",
    ],
    SERVER,
    STILL_15,
  ),
  health_degraded: book(
    "The server's own health address reports trouble.",
    [
      "Read its body on the checks page: it says which part.",
      "Look at that part first: store, queue, upstream.",
      "See whether users notice: compare with the server's latency and errors.",
    ],
    SERVER,
    STILL_15,
  ),
  response_too_large: book(
    "Answers are larger than clients take.",
    [
      "See how large the list is and which tool's words are the longest.",
      "Page the list, or shorten descriptions and schemas.",
      "See whether data slipped into a description.",
    ],
    SERVER,
    "When clients already fail.",
  ),
  latency_elevated: book(
    "Answers take several times what they took in the last seven days.",
    [
      "See since when, and what was released or began then.",
      "Compare regions and steps: name, connection, TLS, handshake, list. The step that grew says where.",
      "Look at load and at the slowest dependency.",
    ],
    SERVER,
    "When it goes on to time out.",
  ),
  error_rate_elevated: book(
    "A part of the requests fails: often one instance of several.",
    [
      "Compare regions and minutes: does the same share fail everywhere?",
      "Look at each instance behind the balancer and take the sick one out.",
      "See whether failures came with a release or with load.",
    ],
    SERVER,
    STILL_15,
  ),
  region_failing: book(
    "One region cannot reach the server, the others can. It pages nobody by itself.",
    [
      "Look whether more servers fail from that region: then it is the region.",
      "Look at geo rules and at the edge nearest to that region.",
      "Ask users there.",
    ],
    NETWORK,
    "When users of that region report it.",
  ),
  edge_divergence: book(
    "Regions are shown different tools: an edge serves an older release.",
    [
      "See on the tools page which regions see what.",
      "Redeploy or purge the edge that is behind.",
      "See that a release waits for all edges from now on.",
    ],
    SERVER,
    "When the lists differ for more than a day.",
  ),
  blocked_address: book(
    "The address is private or reserved, and Tocsin does not connect to it.",
    [
      "See what the name resolves to: a public name that turned private may be an attack.",
      "If the server is meant to be private, have a root operator allow the range by name.",
      "Or watch it with an agent inside that network.",
    ],
    "Whoever registered the server.",
    "When a public name began to resolve to a private address.",
  ),
  prober_fault: book(
    "The fault is ours: the check was stopped. Nothing is said about the server.",
    [
      "See under Platform whether the region and its probers run.",
      "Read the worker's log for the kill and its cause.",
      "If one server is named again and again, see what it sends.",
    ],
    OURS,
    "When more than one tenant is not checked.",
  ),
  not_checked: book(
    "Nobody has looked at this server for two intervals. It may be fine or down.",
    [
      "See under Platform whether worker, scheduler and probers run.",
      "See whether the tenant has more servers than its tier allows.",
      "Until it is checked again, look at the server by hand.",
    ],
    OURS,
    "When it lasts for 15 minutes: nobody would see a real failure.",
  ),
  region_stopped: book(
    "Nothing comes from this region any more.",
    [
      "Restart its prober process or agent and read its log.",
      "See that it reaches home: Redis, the gateway, its token.",
      "Servers of other regions are still checked from there.",
    ],
    OURS,
    "When servers are left with no region at all.",
  ),
  region_offline: book(
    "Everything fails from this region, its own way out included. Its servers are not blamed.",
    [
      "Look at the region's network: default route, DNS, firewall, the provider's state.",
      "From that machine, reach any well-known address.",
      "If it lasts, switch the region off so that others take its work.",
    ],
    OURS,
    "When it lasts for 30 minutes.",
  ),
  queue_behind: book(
    "Checks wait for longer and longer before they start.",
    [
      "Under Platform, see which region waits and how long.",
      "Look for a tenant whose servers hang: its probes hold the places.",
      "Add prober processes to that region.",
    ],
    OURS,
    "When the wait is longer than the shortest interval.",
  ),
  probe_throttled: book(
    "Probes of this tenant had to be killed again and again, so they come less often.",
    [
      "See which servers hang, on the tenant's page.",
      "Look at what they send: endless streams, very large answers.",
      "When they are mended, let the tenant be checked at its own pace again.",
    ],
    OURS,
    "When a whole tenant goes unchecked.",
  ),
  checkpoint_gap: book(
    "No checkpoint of the audit log was signed for three minutes: what is written now cannot be proven yet.",
    [
      "Read the worker's log for its signing key and its folder.",
      "See that the disk of the checkpoints is neither full nor read-only.",
      "When it runs again, verify the log from the Audit page.",
    ],
    OURS,
    "When it lasts for an hour, or verification fails afterwards.",
  ),
  stream_behind: book(
    "A copy of the audit log has not caught up.",
    [
      "Read its last error under Platform, Streams.",
      "See that the receiver runs, has room and accepts the signature.",
      "Send a test; it goes on from where it stopped and leaves nothing out.",
    ],
    OURS,
    "When the copy is a duty towards somebody else and it lasts for an hour.",
  ),
  emergency_access: book(
    "Somebody came in by the emergency door. It is lawful only when a root operator says that it was they, and why.",
    [
      "Ask every root operator, by voice, whether it was they.",
      "Read in the audit log what that session does.",
      "When nobody says so, close the account and end its sessions at once.",
    ],
    "The root operators.",
    "At once when nobody knows of it: treat it as an intrusion.",
  ),
  emergency_refused: book(
    "Somebody tried the emergency door and was refused.",
    [
      "Ask the root operators whether one of them mistyped.",
      "See from where it was tried, and how often.",
      "When it was nobody, replace the accounts' secrets and shut that address out.",
    ],
    "The root operators.",
    "When it was none of them.",
  ),
  external_alert: book(
    "Another monitor sent this alert; Tocsin routes it and has not looked itself.",
    [
      "Open the alert at its source: the labels name it.",
      "Follow the runbook that its own annotations link to.",
      "When it ends there, it ends here by itself.",
    ],
    "Whoever keeps the rule at the other monitor.",
    STILL_15,
  ),
  error_budget_burning: book(
    "At this rate the month's error budget is used up within days.",
    [
      "See which failures of the last hour made it up.",
      "Stop what makes it worse: releases, migrations, load tests.",
      "Agree with whoever owns the budget what is put off.",
    ],
    SERVER,
    "When the budget would end within 24 hours.",
  ),
  sink_unproven: book(
    "The proof that this sink is the tenant's has lapsed, so nothing is sent there.",
    [
      "See which policies count on it: somebody else has to be told meanwhile.",
      "Open the sink and prove it again.",
      "Send again what was withheld, if it still matters.",
    ],
    "Whoever set the sink up.",
    "When it is the only sink that wakes somebody.",
  ),
  sink_failing: book(
    "The receiver refuses notices, or they were given up after many tries.",
    [
      "Read the last answer on the sink's page: a key, a channel, a limit.",
      "Mend its settings and send a test.",
      "Send the dead deliveries again.",
    ],
    "Whoever set the sink up.",
    "When it is the only sink that wakes somebody.",
  ),
  notices_stuck: book(
    "An incident has no next step, or a delivery does not settle: somebody may not have been told.",
    [
      "Tell whoever owns the incidents named here yourself, now.",
      "Read the worker's log for the deliver and escalate duties.",
      "See that PostgreSQL takes writes and that the worker's clock is right.",
    ],
    OURS,
    "At once: until it is mended, alerts may not arrive.",
  ),
  selftest_failed: book(
    "A made-up alert did not come through within a minute, so a real one may not either.",
    [
      "Under Platform, see which duty has had no success lately.",
      "See that PostgreSQL and Redis answer, and that disks have room.",
      "Restart the worker: what was accepted is not lost.",
    ],
    OURS,
    "At once: until it is mended, alerts may not arrive.",
  ),
  worker_stopped: book(
    "The worker has stopped: nothing is checked, and nothing new is detected.",
    [
      "Start it, and read why it ended: the last lines of its log, out of memory, a failed migration.",
      "See that PostgreSQL and Redis answer.",
      "When it runs, see under Platform that every duty has had a success.",
    ],
    OURS,
    "When it does not stay up for five minutes.",
  ),
};
