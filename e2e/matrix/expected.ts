// Over 300 lines: one table with a row for everything that was built.
// What every route and every action asks, as a table; rule.ts makes each cell of the matrix from it. A route that was built
// and is not here fails the test by its name, and so does one that is here and was not built.
import type { Action, Layer } from "../../lib/domain/permissions.ts";
import type { OwnAct } from "../../lib/domain/own-acts.ts";
import { CHANGED, PROOF_CODE, type World } from "../../lib/testing/world.ts";

/**
 * console: staff. portal: customers, and staff who visit. self: whoever is signed in. door: who is not, the others are sent
 * on to where they belong. open: everybody.
 */
export type Router = "console" | "portal" | "self" | "door" | "open";

export interface Page {
  router: Router;
  asks?: Action;
  /** Whose id stands in the path, where one does. */
  id?: keyof World;
  /** A customer who opens this page of the console is sent here instead; default /portal. */
  instead?: string;
  /** Of a door: where it sends those who are not signed in, when it has nothing to show them. */
  strangers?: string;
  /** Where who visits is sent instead, when a visit is no part of it. */
  visitors?: string;
  everywhere?: readonly Layer[];
  at?: "a";
}

export interface Handler {
  router: Router;
  asks?: Action;
  id?: keyof World;
  /** Of an open one: every answer that it may give to a request that says nothing. */
  answers?: readonly number[];
  /** Ends what the asker's session is: asked last. */
  last?: true;
}

export interface Act {
  router: "console" | "portal" | "self" | "open";
  asks: Action | OwnAct | "nothing";
  /** Names an object by its id: then a foreign one and a random one are the same refusal. */
  id?: keyof World;
  fields(rows: World, own: World, personId: string): Record<string, string>;
  /** What the refusal of a foreign id is called; default E_NOT_FOUND. */
  unknown?: string;
  /** What its own success is called where it is no success: the rule asks for something else first. */
  own?: string;
  /** Brings a fresh row into the state that this act is for: tenant, id and who acts are its parameters. */
  prepare?: string;
  /** Clears the tenant for it: tenant is the parameter. */
  ready?: string;
  /** Takes back at once what others of the installation would be woken by. */
  after?: string;
  /** Another act comes first, and the newest row that it made is the object; tenant is the parameter. */
  first?: { act: string; find: string };
  /** Layers to whom no tenant is foreign here. */
  everywhere?: readonly Layer[];
  /** A root operator does this to a customer's tenant and not to the installation's own. */
  at?: "a";
  /** Is looked up before anybody asks who may: then what is not there is not there for everybody. */
  looksFirst?: true;
}

const page = (router: Router, asks?: Action, more: Omit<Page, "router" | "asks"> = {}): Page => ({
  router,
  ...(asks === undefined ? {} : { asks }),
  ...more,
});

export const PAGES: Record<string, Page> = {
  "/": page("console", "incident.read"),
  "/audit": page("console", "audit.read"),
  "/audit/review": page("console", "audit.read"),
  "/erasure": page("console", "erasure.read", { instead: "/portal/requests" }),
  "/erasure/[id]": page("console", "erasure.open", { id: "erasure", instead: "/portal/requests" }),
  "/erasure/new": page("console", "erasure.file", { instead: "/portal/requests/new" }),
  "/fields": page("console"),
  "/held": page("console", "noise.read"),
  "/incidents": page("console", "incident.read"),
  "/incidents/[id]": page("console", "incident.read", { id: "incident", instead: "/portal/incidents/[id]" }),
  "/platform": page("console", "platform.read"),
  "/reports": page("console", "report.read"),
  "/account": page("self", undefined, { visitors: "/portal" }),
  "/approvals": page("console", "approval.read"),
  "/break-glass": page("open"),
  "/prove": page("open"),
  "/people": page("console", "role.read"),
  "/people/[id]": page("console", "role.read", { id: "target", everywhere: ["root", "auditor"] }),
  "/platform/keys": page("console", "platform.read"),
  "/platform/probers": page("console", "platform.read"),
  "/platform/regions": page("console", "platform.read"),
  "/platform/streams": page("console", "platform.read"),
  "/platform/streams/[id]": page("console", "audit_stream.change", { id: "stream" }),
  "/platform/streams/new": page("console", "audit_stream.change"),
  "/portal/retention": page("portal", "retention.read"),
  "/portal/visits": page("portal", "visit.read"),
  "/portal/runbooks": page("portal", "runbook.read"),
  "/retention": page("console", "retention.read"),
  "/drills": page("console", "drill.read"),
  "/postmortems": page("console", "postmortem.read"),
  "/postmortems/[id]": page("console", "postmortem.read", { id: "incident" }),
  "/roles": page("console", "role.read"),
  "/runbooks": page("console", "runbook.read", { instead: "/portal/runbooks" }),
  "/tenants": page("console", "tenant.read"),
  "/tenants/[id]": page("console", "tenant.read", { id: "tenant", everywhere: ["root", "auditor"], at: "a" }),
  "/visits": page("console", "visit.read"),
  "/visits/new": page("console", "impersonation.start"),
  "/routes": page("console", "policy.read"),
  "/on-call": page("console", "schedule.read"),
  "/servers": page("console", "server.read"),
  "/servers/[id]": page("console", "server.read", { id: "server", instead: "/portal/servers/[id]" }),
  "/servers/[id]/checks": page("console", "server.read", { id: "server", instead: "/portal/servers/[id]/checks" }),
  "/servers/[id]/tools": page("console", "server.read", { id: "server", instead: "/portal/servers/[id]/tools" }),
  "/servers/[id]/credential": page("console", "server.read", {
    id: "server",
    instead: "/portal/servers/[id]/credential",
  }),
  "/servers/new": page("console", "server.register"),
  "/noise": page("console", "noise.read"),
  "/silences": page("console", "silence.read"),
  "/sources": page("console", "source.read"),
  "/act": page("self"),
  "/sinks": page("console", "sink.read"),
  "/sinks/[id]": page("console", "sink.read", { id: "sink", instead: "/portal/sinks/[id]" }),
  "/sinks/new": page("console", "sink.change"),
  "/portal": page("portal", "incident.read"),
  "/portal/incidents": page("portal", "incident.read"),
  "/portal/incidents/[id]": page("portal", "incident.read", { id: "incident" }),
  "/portal/requests": page("portal", "erasure.read"),
  "/portal/requests/new": page("portal", "erasure.file"),
  "/portal/servers": page("portal", "server.read"),
  "/portal/servers/[id]": page("portal", "server.read", { id: "server" }),
  "/portal/servers/[id]/checks": page("portal", "server.read", { id: "server" }),
  "/portal/servers/[id]/tools": page("portal", "server.read", { id: "server" }),
  "/portal/servers/[id]/credential": page("portal", "server.read", { id: "server" }),
  "/portal/servers/new": page("portal", "server.register"),
  "/portal/sinks": page("portal", "sink.read"),
  "/portal/sinks/[id]": page("portal", "sink.read", { id: "sink" }),
  "/portal/sinks/new": page("portal", "sink.change"),
  "/no-access": page("door", undefined, { strangers: "/sign-in" }),
  "/sign-in": page("door"),
};

export const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
const every = (handler: Handler, methods: readonly string[] = METHODS): Record<string, Handler> =>
  Object.fromEntries(methods.map((method) => [method, handler]));

/** Method by method: every other method is refused with 405. */
export const HANDLERS: Record<string, Record<string, Handler>> = {
  "/api/auth/[...nextauth]": {
    GET: { router: "open", answers: [400, 404] },
    POST: { router: "open", answers: [400, 404, 405] },
  },
  "/api/back-channel-logout": { POST: { router: "open", answers: [422, 429] } },
  "/api/csp-report": { POST: { router: "open", answers: [422, 429] } },
  // The directory's own token, and no session, opens it.
  // Its address is the key.
  "/api/on-call/[token]": { GET: { router: "open", answers: [404, 429] } },
  "/api/scim/v2/[...path]": every({ router: "open", answers: [401, 429] }),
  // A vendor's signature, or a source's token, opens these.
  "/api/hooks/slack": { POST: { router: "open", answers: [401, 429] } },
  "/api/hooks/pagerduty/[sink]": { POST: { router: "open", answers: [401, 429] } },
  "/api/hooks/opsgenie/[sink]": { POST: { router: "open", answers: [401, 429] } },
  "/api/hooks/alertmanager": { POST: { router: "open", answers: [401, 429] } },
  "/api/hooks/inbound": { POST: { router: "open", answers: [401, 429] } },
  "/api/v2/alerts": { POST: { router: "open", answers: [401, 429] } },
  // Only the session that began a sign-in at a vendor ends it: anybody else brings nothing.
  "/api/sink-oauth/[kind]": { GET: { router: "open", answers: [401, 403, 410] } },
  "/api/visit/end": { POST: { router: "open", answers: [303], last: true } },
  "/api/live": { GET: { router: "self" } },
  "/api/seen": { POST: { router: "self" } },
  "/api/origin": every({ router: "open", answers: [403] }, ["POST", "PUT", "PATCH", "DELETE"]),
  "/audit/export": { POST: { router: "console", asks: "audit.export" } },
  "/audit/verify": { POST: { router: "console", asks: "audit.export" } },
  "/icon.svg": { GET: { router: "open", answers: [200] } },
  "/postmortems/[id]/markdown": { POST: { router: "console", asks: "postmortem.read", id: "incident" } },
  "/live": { GET: { router: "open", answers: [200] } },
  "/ready": { GET: { router: "open", answers: [200] } },
};

const byId = (
  router: Act["router"],
  asks: Action,
  id: keyof World,
  field: string,
  more: Record<string, string> = {},
  rest: Partial<Act> = {},
): Act => ({ router, asks, id, fields: (rows) => ({ [field]: String(rows[id]), ...more }), ...rest });

const SERVER = { name: "Renamed", intervalS: "300", fireAfter: "3", clearAfter: "3", weight: "own", paused: "on" };
const SINK = {
  name: "Renamed",
  "config.url": "https://hooks.example.com/x",
  "config.secret": `whsec_${Buffer.from("a secret of the tests of the matrix").toString("base64")}`,
};
const KEY = { kind: "header", headerName: "X-API-Key", secret: "a-value" };
const ERASURE = { subjectKind: "account", controller: "tenant", identifiers: "ann@example.com", note: "" };

const SOURCE = { name: "Matrix", defaultSeverity: "P3", perMinute: "600", resolveAfterS: "300" };
const CHECK = { name: "Session", everyS: "300", callsPerDay: "100", "settings.holdS": "120" };
const ALLOW_WHY = "The matrix of the tests asks for this once";

/** What staff do in the console and customers in the portal, by the same commands. */
const inBoth = (router: "console" | "portal", name: (verb: string) => string): Record<string, Act> => ({
  [name("ChooseTenant")]: {
    router,
    asks: "session.choose_tenant",
    id: "tenant",
    fields: (rows) => ({ tenant: rows.tenant }),
    everywhere: ["auditor"],
  },
  [name("RegisterServer")]: {
    router,
    asks: "server.register",
    fields: () => ({
      url: `https://${crypto.randomUUID()}.example.com/mcp`,
      name: "New",
      intervalS: "300",
      weight: "own",
    }),
  },
  [name("ChangeServer")]: byId(router, "server.change", "server", "serverId", SERVER),
  [name("SetCredential")]: byId(router, "server.credential", "server", "serverId", KEY),
  [name("DeleteCredential")]: byId(router, "server.credential", "server", "serverId"),
  [name("ProbeNow")]: byId(router, "server.change", "server", "serverId"),
  [name("AddCheck")]: byId(router, "check.change", "server", "serverId", { kind: "session", ...CHECK }),
  [name("ChangeCheck")]: byId(router, "check.change", "check", "checkId", CHECK),
  [name("TryCheck")]: byId(router, "check.change", "check", "checkId"),
  [name("RemoveCheck")]: byId(router, "check.change", "check", "checkId"),
  [name("AllowTool")]: byId(router, "check.allow_tool", "server", "serverId", { tool: "another_tool", why: ALLOW_WHY }),
  [name("DisallowTool")]: {
    router,
    asks: "check.change",
    id: "server",
    fields: (rows) => ({ serverId: rows.server, tool: `tool_${rows.server.slice(0, 8)}` }),
  },
  [name("AcceptTools")]: byId(router, "server.accept_tools", "server", "serverId", {
    ...{ era: "modern", credentialed: "false", fullHash: CHANGED },
  }),
  [name("RemoveServer")]: byId(router, "server.remove", "server", "serverId"),
  [name("CreateSink")]: { router, asks: "sink.change", fields: () => ({ kind: "webhook", ...SINK }) },
  [name("ChangeSink")]: byId(router, "sink.change", "sink", "sinkId", SINK),
  [name("TestSend")]: byId(router, "sink.change", "sink", "sinkId"),
  [name("DisableSink")]: byId(router, "sink.change", "sink", "sinkId"),
  [name("EnableSink")]: {
    ...byId(router, "sink.change", "sink", "sinkId"),
    prepare: "UPDATE sink SET state = 'disabled' WHERE tenant_id = $1 AND id = $2 AND $3::text IS NOT NULL",
  },
  [name("ChallengeSink")]: {
    ...byId(router, "sink.prove", "sink", "sinkId"),
    // Not proven, so that nothing but its challenge is sent there while the product runs beside this.
    prepare:
      "UPDATE sink SET proven_at = NULL, proof = NULL, proof_due_at = NULL WHERE tenant_id = $1 AND id = $2 AND $3::text IS NOT NULL",
  },
  [name("ProveSink")]: byId(router, "sink.prove", "sink", "sinkId", { code: PROOF_CODE }),
  // A webhook has no vendor to sign in at.
  [name("StartSignIn")]: byId(router, "sink.prove", "sink", "sinkId", {}, { own: "E_STATE" }),
  [name("RotateSecret")]: {
    ...byId(router, "sink.secret", "sink", "sinkId", { "config.secret": SINK["config.secret"] }),
    prepare: "UPDATE sink SET state = 'enabled' WHERE tenant_id = $1 AND id = $2 AND $3::text IS NOT NULL",
  },
  [name("RemoveSink")]: byId(router, "sink.change", "sink", "sinkId"),
  [name("FileErasure")]: { router, asks: "erasure.file", fields: () => ERASURE },
});

const WHY = "The matrix of the tests asks for this once";
const STREAM = { name: "Matrix", "config.url": "https://log.example.com/in", "config.secret": SINK["config.secret"] };
const KEPT_SHORT = `INSERT INTO tenant_retention (tenant_id, minutes_days, incidents_days, updated_by, updated_at)
  VALUES ($1, 30, 90, gen_random_uuid(), now()) ON CONFLICT (tenant_id) DO UPDATE SET minutes_days = 30, incidents_days = 90`;
const SLOWED = `INSERT INTO probe_pace (tenant_id, factor, until) VALUES ($1, 4, now() + interval '1 hour')
  ON CONFLICT (tenant_id) DO UPDATE SET factor = 4, until = now() + interval '1 hour'`;
const KEPT_LONG = `WITH open AS (DELETE FROM approval WHERE tenant_id = $1 AND action = 'retention.cut' AND state = 'asked')
  DELETE FROM tenant_retention WHERE tenant_id = $1`;
const RUNNING_VISIT = `mode = 'ro', secret_hash = sha256('x'), started_at = now(), not_after = now() + interval '9 minutes', ended_at = NULL, ended_reason = NULL`;
const DAYS = { minutesDays: "30", incidentsDays: "400" };
const toTenant = (asks: Action, fields: Act["fields"], more: Partial<Act> = {}): Act => ({
  router: "console",
  asks,
  id: "tenant",
  fields,
  everywhere: ["root"],
  at: "a",
  ...more,
});
const onVisit = (asks: Action, more: Partial<Act> = {}): Act => ({
  router: "console",
  asks,
  id: "grant",
  fields: (rows) => ({ tenantId: rows.tenant, visitId: rows.grant }),
  everywhere: ["root"],
  at: "a",
  ...more,
});
const OPEN_VISIT = `mode = 'rw', secret_hash = NULL, started_at = NULL, not_after = NULL, ended_at = NULL, ended_reason = NULL, asked_at = now()`;
const cutting = (router: "console" | "portal", verb: "decide" | "withdraw"): Act => ({
  router,
  asks: verb === "decide" ? "retention.cut" : "nothing",
  id: "approval",
  fields: (rows) => ({ approvalId: rows.approval, verdict: "refuse", why: WHY }),
  looksFirst: true,
  ...(verb === "withdraw"
    ? { prepare: "UPDATE approval SET asked_by = $3::uuid WHERE tenant_id = $1 AND id = $2" }
    : { prepare: "UPDATE approval SET asked_at = now() WHERE tenant_id = $1 AND id = $2 AND $3::text IS NOT NULL" }),
});

const WRITTEN = { summary: "s", impact: "i", cause: "c", times: "", told: "", lessons: "" };
const ITEM = { kind: "detect", title: "Look sooner", owner: "Ann", dueOn: "2026-12-01", impact: "2", effort: "1" };
const writingRunbook = (router: "console" | "portal"): Act => ({
  router,
  asks: "runbook.change",
  fields: () => ({ reason: "dns_failure", body: `1. Ask ${crypto.randomUUID()}.` }),
});
const withoutRunbook = (router: "console" | "portal"): Act => ({
  router,
  asks: "runbook.change",
  fields: () => ({ reason: "tls_invalid" }),
  ready: `INSERT INTO runbook (tenant_id, id, reason, version, body, saved_at) SELECT $1, gen_random_uuid(), 'tls_invalid',
    coalesce(max(version), 0) + 1, '1. Ask.', now() FROM runbook WHERE tenant_id = $1 AND reason = 'tls_invalid'`,
});

/** By the name under which it is exported. */
export const ACTS: Record<string, Act> = {
  ...inBoth("console", (verb) => `${verb[0]?.toLowerCase()}${verb.slice(1)}Action`),
  ...inBoth("portal", (verb) => `portal${verb}`),
  acknowledgeAction: byId("console", "incident.acknowledge", "incident", "incidentId"),
  resolveAction: byId("console", "incident.resolve", "incident", "incidentId"),
  noteAction: byId("console", "incident.note", "incident", "incidentId", { note: "It answers again." }),
  actByLinkAction: {
    router: "self",
    asks: "nothing",
    fields: () => ({ ref: "nobody-made-this", verb: "acknowledge" }),
    own: "E_INVALID",
  },
  addSourceAction: {
    router: "console",
    asks: "source.change",
    fields: () => ({ kind: "generic", ...SOURCE }),
  },
  changeSourceAction: byId("console", "source.change", "source", "sourceId", SOURCE),
  revokeSourceAction: byId("console", "source.change", "source", "sourceId"),
  // Of the rows' sink, which is a webhook, nothing comes back.
  setInboundSecretAction: byId("console", "sink.secret", "sink", "sinkId", { secret: "" }, { own: "E_INVALID" }),
  endInboundSecretAction: byId("console", "sink.secret", "sink", "sinkId", { which: "all" }),
  createSilenceAction: byId("console", "silence.change", "server", "serverId", { minutes: "60", comment: "A release" }),
  endSilenceAction: byId("console", "silence.change", "silence", "silenceId"),
  redriveAllAction: {
    ...byId("console", "delivery.redrive", "sink", "sinkId"),
    prepare:
      "UPDATE delivery SET state = 'dead', settled_at = '2026-01-01', lease_until = NULL, leased_by = NULL WHERE tenant_id = $1 AND sink_id = $2 AND $3::text IS NOT NULL",
  },
  fallbackAction: byId("console", "sink.change", "sink", "sinkId", { afterMinutes: "5" }),
  portalSetFallback: byId("portal", "sink.change", "sink", "sinkId", { afterMinutes: "5" }),
  saveWindowAction: {
    router: "console",
    asks: "silence.change",
    id: "server",
    fields: (rows) => ({
      ...{ serverIds: rows.server, comment: "A release", "rule.repeat": "once", "rule.from": "2098-01-01" },
      ...{ "rule.startsAt": "02:30", "rule.minutes": "60", "rule.zone": "Europe/Berlin" },
    }),
  },
  removeWindowAction: byId("console", "silence.change", "window", "windowId"),
  setSeverityAction: {
    router: "console",
    asks: "severity.change",
    fields: () => ({ reason: "latency_elevated", severity: "P3" }),
  },
  acknowledgeManyAction: byId("console", "incident.acknowledge", "incident", "incidentIds"),
  addHeartbeatAction: {
    router: "console",
    asks: "platform.change",
    fields: () => ({ kind: "url", name: "Matrix", secret: "https://beat.example.com/x", method: "GET" }),
    after: "UPDATE heartbeat_target SET removed_at = now(), sealed = NULL WHERE name = 'Matrix'",
  },
  removeHeartbeatAction: byId("console", "platform.change", "heartbeat", "heartbeatId", {}, { own: "E_NOT_FOUND" }),
  redriveAction: byId("console", "delivery.redrive", "delivery", "deliveryId"),
  savePolicyAction: {
    router: "console",
    asks: "policy.change",
    id: "sink",
    // Each cell has planted one, and a tenant has fifty at most.
    prepare:
      "UPDATE policy SET removed_at = now() WHERE tenant_id = $1 AND NOT is_default AND $2::text IS NOT NULL AND $3::text IS NOT NULL",
    fields: (rows) => ({
      steps: JSON.stringify([{ afterMinutes: 0, targets: [{ severities: ["P1"], sinkId: rows.sink }] }]),
    }),
    unknown: "E_INVALID",
  },
  removePolicyAction: byId("console", "policy.change", "policy", "policyId"),
  movePolicyAction: byId("console", "policy.change", "policy", "policyId", { direction: "up" }),
  saveScheduleAction: {
    router: "console",
    asks: "schedule.change",
    id: "schedule",
    fields: (rows) => ({
      scheduleId: rows.schedule,
      name: "Renamed",
      zone: "Europe/Berlin",
      layers: JSON.stringify([{ people: [rows.target], startsOn: "2026-11-02", handoffAt: "09:00", everyDays: 7 }]),
    }),
  },
  removeScheduleAction: byId("console", "schedule.change", "schedule", "scheduleId"),
  addOverrideAction: {
    router: "console",
    asks: "schedule.change",
    id: "schedule",
    fields: (rows, _own, personId) => ({
      scheduleId: rows.schedule,
      personId,
      from: "2098-01-01T00:00",
      to: "2098-01-02T00:00",
    }),
  },
  endOverrideAction: byId("console", "schedule.change", "override", "overrideId"),
  changeFeedAction: byId("console", "schedule.change", "schedule", "scheduleId", { give: "new" }),
  saveContactsAction: {
    router: "console",
    asks: "schedule.change",
    id: "sink",
    fields: (rows, _own, personId) => ({ personId, sinkId: rows.sink }),
    unknown: "E_INVALID",
  },
  openErasureAction: {
    ...byId("console", "erasure.open", "erasure", "requestId"),
    // Only a request that was filed can be opened again: its seal is bound to the row.
    first: {
      act: "fileErasureAction",
      find: "SELECT id FROM erasure_request WHERE tenant_id = $1 ORDER BY received_at DESC",
    },
  },
  saveViewAction: {
    router: "console",
    asks: "view.save",
    fields: () => ({ name: `Mine ${crypto.randomUUID().slice(0, 8)}`, query: "action=incident.note" }),
  },
  removeViewAction: {
    router: "console",
    asks: "view.remove",
    id: "target",
    fields: (rows) => ({ id: rows.target }),
    first: {
      act: "saveViewAction",
      find: "SELECT id FROM saved_view WHERE $1::uuid IS NOT NULL ORDER BY created_at DESC",
    },
  },
  endSessionAction: {
    router: "self",
    asks: "session.end",
    id: "target",
    fields: (rows, own) => ({ session: rows === own || rows.tenant === own.tenant ? "others" : rows.server }),
  },
  confirmAction: {
    router: "open",
    asks: "nothing",
    fields: () => ({ link: "" }),
    own: "E_CODE_EXPIRED or E_RATE_LIMITED",
  },
  enterAction: {
    router: "open",
    asks: "nothing",
    fields: () => ({ name: "", secret: "" }),
    own: "E_INVALID or E_RATE_LIMITED",
    after: "UPDATE break_glass_use SET told_at = now() WHERE told_at IS NULL",
  },

  addRegionAction: {
    router: "console",
    asks: "region.change",
    fields: () => ({ name: `m-${crypto.randomUUID().slice(0, 8)}`, city: "Matrix", kind: "agent", why: WHY }),
    after: "UPDATE region SET enabled = false WHERE name LIKE 'm-%'",
  },
  changeRegionAction: {
    router: "console",
    asks: "region.change",
    fields: () => ({ name: "fra", city: "Frankfurt", enabled: "on", why: WHY }),
  },
  makeRegionTokenAction: {
    router: "console",
    asks: "region.change",
    fields: () => ({ region: "fra", name: "Matrix", why: WHY }),
    own: "E_STATE",
  },
  revokeRegionTokenAction: byId("console", "region.change", "grant", "tokenId", { why: WHY }, { own: "E_NOT_FOUND" }),
  addStreamAction: {
    router: "console",
    asks: "audit_stream.change",
    fields: () => ({ kind: "webhook", why: WHY, ...STREAM }),
  },
  changeStreamAction: byId("console", "audit_stream.change", "stream", "streamId", { why: WHY, ...STREAM }),
  testStreamAction: byId("console", "audit_stream.change", "stream", "streamId"),
  removeStreamAction: byId("console", "audit_stream.change", "stream", "streamId", { why: WHY }),

  keepLongerAction: {
    router: "console",
    asks: "retention.change",
    fields: () => ({ minutesDays: "400", incidentsDays: "2557" }),
    ready: KEPT_SHORT,
  },
  askCutAction: { router: "console", asks: "retention.cut", fields: () => ({ ...DAYS, why: WHY }), ready: KEPT_LONG },
  portalKeepLonger: {
    router: "portal",
    asks: "retention.change",
    fields: () => ({ minutesDays: "400", incidentsDays: "2557" }),
    ready: KEPT_SHORT,
  },
  portalAskCut: { router: "portal", asks: "retention.cut", fields: () => ({ ...DAYS, why: WHY }), ready: KEPT_LONG },
  decideAction: cutting("console", "decide"),
  withdrawAction: cutting("console", "withdraw"),
  portalDecideCut: cutting("portal", "decide"),
  portalWithdrawCut: cutting("portal", "withdraw"),
  runDrillAction: {
    router: "console",
    asks: "drill.run",
    fields: () => ({ flavour: "single_tenant" }),
    ready: "UPDATE drill SET state = 'failed', ended_at = now() WHERE tenant_id = $1 AND ended_at IS NULL",
    // Nobody is to be woken by the matrix, and what it made up goes again.
    after: "UPDATE drill SET state = 'failed', ended_at = now() WHERE ended_at IS NULL",
  },
  openPostmortemAction: {
    ...byId("console", "postmortem.change", "incident", "incidentId"),
    prepare: `WITH gone AS (DELETE FROM postmortem WHERE tenant_id = $1 AND incident_id = $2)
      UPDATE incident SET state = 'resolved', resolved_at = now() WHERE tenant_id = $1 AND id = $2 AND $3::text IS NOT NULL`,
  },
  savePostmortemAction: {
    ...byId("console", "postmortem.change", "incident", "incidentId", WRITTEN),
    prepare: `UPDATE postmortem SET state = 'draft', done_at = NULL WHERE tenant_id = $1 AND incident_id = $2 AND $3::text IS NOT NULL`,
  },
  publishPostmortemAction: {
    ...byId("console", "postmortem.change", "incident", "incidentId"),
    prepare: `UPDATE postmortem SET state = 'draft', done_at = NULL WHERE tenant_id = $1 AND incident_id = $2 AND $3::text IS NOT NULL`,
  },
  addActionItemAction: byId("console", "postmortem.change", "incident", "incidentId", ITEM),
  changeActionItemAction: byId("console", "postmortem.change", "item", "itemId", { ...ITEM, state: "done" }),
  saveRunbookAction: writingRunbook("console"),
  removeRunbookAction: withoutRunbook("console"),
  portalSaveRunbook: writingRunbook("portal"),
  portalRemoveRunbook: withoutRunbook("portal"),
  askRotateSecretsAction: { router: "console", asks: "secret.rotate", fields: () => ({ why: WHY }) },
  askRotateKeyAction: { router: "console", asks: "key.rotate", fields: () => ({ why: WHY }) },

  askBindAction: {
    router: "console",
    asks: "role.change",
    fields: () => ({ pattern: `matrix-${crypto.randomUUID()}`, layer: "auditor", tenantSlug: "", why: WHY }),
  },
  askUnbindAction: byId("console", "role.change", "grant", "bindingId", { why: WHY }, { own: "E_NOT_FOUND" }),
  makeTokenAction: {
    router: "console",
    asks: "scim.change",
    fields: () => ({ name: `Matrix ${crypto.randomUUID().slice(0, 8)}`, days: "1", why: WHY }),
  },
  revokeTokenAction: byId("console", "scim.change", "grant", "tokenId", { why: WHY }, { own: "E_NOT_FOUND" }),
  makeEmergencyAction: {
    router: "console",
    asks: "break_glass.change",
    fields: () => ({ name: `matrix-${crypto.randomUUID().slice(0, 8)}`, why: WHY }),
  },
  closeEmergencyAction: byId(
    "console",
    "break_glass.change",
    "grant",
    "accountId",
    { why: WHY },
    { own: "E_NOT_FOUND" },
  ),
  // The person whom the rows are about is gone by then: no real one is switched off by a test of the table.
  disableAction: byId("console", "person.disable", "grant", "personId", { why: WHY }, { own: "E_NOT_FOUND" }),
  enableAction: byId("console", "person.disable", "grant", "personId", { why: WHY }, { own: "E_NOT_FOUND" }),
  endSessionsAction: byId("console", "person.disable", "grant", "personId", { why: WHY }, { own: "E_NOT_FOUND" }),

  addTenantAction: {
    router: "console",
    asks: "tenant.change",
    fields: () => ({ slug: `matrix-${crypto.randomUUID().slice(0, 8)}`, name: "Matrix", tier: "team" }),
  },
  changeTenantAction: toTenant("tenant.change", (rows) => ({
    tenantId: rows.tenant,
    name: "Renamed",
    tier: "enterprise",
  })),
  releaseProbesAction: toTenant("prober.release", (rows) => ({ tenantId: rows.tenant }), { ready: SLOWED }),
  askAllowAction: toTenant("address.allow", (rows) => ({
    tenantId: rows.tenant,
    cidr: "10.77.0.0/16",
    ports: "",
    why: WHY,
  })),
  revokeAction: toTenant("address.revoke", (rows) => ({ tenantId: rows.tenant, id: rows.allowance }), {
    id: "allowance",
  }),
  askEraseAction: toTenant("tenant.erase", (rows) => ({ tenantId: rows.tenant, why: WHY })),

  // Asked for with leave to change things, so that none of these begins one.
  askVisitAction: toTenant("impersonation.start", (rows) => ({
    tenantId: rows.tenant,
    personId: rows.target,
    mode: "rw",
    why: WHY,
  })),
  approveVisitAction: onVisit("impersonation.approve", {
    prepare: `UPDATE impersonation_grant SET ${OPEN_VISIT} WHERE tenant_id = $1 AND id = $2 AND $3::text IS NOT NULL`,
  }),
  beginVisitAction: onVisit("impersonation.begin", { own: "E_NOT_FOUND" }),
  endVisitAction: onVisit("impersonation.revoke", {
    prepare: `UPDATE impersonation_grant SET ${OPEN_VISIT} WHERE tenant_id = $1 AND id = $2 AND $3::text IS NOT NULL`,
  }),
  portalEndVisit: {
    ...byId("portal", "visit.end", "grant", "visitId"),
    prepare: `UPDATE impersonation_grant SET ${RUNNING_VISIT} WHERE tenant_id = $1 AND id = $2 AND $3::text IS NOT NULL`,
  },
  reviewDayAction: {
    router: "console",
    asks: "audit.review",
    fields: () => ({ day: dayBefore(++days), note: "Nothing to see." }),
  },
};

let days = 100 + Math.floor(Math.random() * 2_000);
/** A day that nobody has reviewed yet. */
const dayBefore = (n: number): string => new Date(Date.now() - n * 86_400_000).toISOString().slice(0, 10);
