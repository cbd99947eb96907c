// Every command that lib/commands exports, found by reading the folder, and an input for each that it takes as it is.
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import type { Command } from "#lib/commands/command";
import { CHANGED, PROOF_CODE, type World } from "./world.ts";

const FOLDER = join(import.meta.dirname, "..", "commands");

type AnyCommand = Command<unknown, unknown>;

const isCommand = (value: unknown): value is AnyCommand =>
  typeof value === "object" && value !== null && "action" in value && "input" in value && "run" in value;

/** By "folder/file#name"; of a command that takes two people the command itself. */
export async function allCommands(): Promise<Map<string, AnyCommand>> {
  const found = new Map<string, AnyCommand>();
  for (const file of readdirSync(FOLDER, { recursive: true, encoding: "utf8" }).sort()) {
    if (!file.endsWith(".ts") || file.endsWith(".test.ts")) continue;
    const exported = (await import(pathToFileURL(join(FOLDER, file)).href)) as Record<string, unknown>;
    const under = `${relative(FOLDER, join(FOLDER, file)).replace(/\.ts$/, "")}#`;
    const add = (name: string, command: unknown) => {
      if (isCommand(command) && ![...found.values()].includes(command)) found.set(under + name, command);
    };
    for (const [name, value] of Object.entries(exported)) add(name, value);
    // What takes two people holds its command: its own name counts when that has none.
    for (const [name, value] of Object.entries(exported))
      if (typeof value === "object" && value !== null && "command" in value) add(name, value.command);
  }
  return found;
}

/** Whose tenant acts, and whose rows are named: the same for a lawful act. */
export type Make = (of: { own: World; rows: World }) => Record<string, unknown>;

const SOURCE = { name: "Prometheus", defaultSeverity: "P3", perMinute: 600, resolveAfterS: 300 };

const ITEM = { kind: "detect", title: "Look sooner", owner: "Ann", dueOn: "2026-12-01", impact: "2", effort: "1" };

export const INPUTS: Record<string, Make> = {
  "action-item/save#addActionItem": ({ rows }) => ({ incidentId: rows.incident, ...ITEM }),
  "action-item/save#changeActionItem": ({ rows }) => ({ itemId: rows.item, ...ITEM, state: "done" }),
  "address/allow#allowAddress": ({ own }) => ({ tenantId: own.tenant, cidr: "10.99.0.0/16", ports: "" }),
  "address/revoke#revokeAddress": ({ own, rows }) => ({ tenantId: own.tenant, id: rows.allowance }),
  "audit-review/mark#reviewDay": () => ({ day: "2026-11-20", note: "" }),
  "audit-stream/add#addAuditStream": () => ({
    kind: "webhook",
    name: "New",
    config: { url: "https://log.example.com/in", secret: `whsec_${"A".repeat(44)}` },
  }),
  "audit-stream/change#changeAuditStream": ({ rows }) => ({
    streamId: rows.stream,
    name: "Renamed",
    config: { url: "https://log.example.com/in", secret: `whsec_${"A".repeat(44)}` },
  }),
  "audit-stream/remove#removeAuditStream": ({ rows }) => ({ streamId: rows.stream }),
  "audit-stream/test-send#testAuditStream": ({ rows }) => ({ streamId: rows.stream }),
  "audit/export#recordExport": () => ({}),
  "break-glass/close#closeBreakGlass": ({ rows }) => ({ accountId: rows.target }),
  "break-glass/make#makeBreakGlass": () => ({ name: "night-desk" }),
  "check/add#addCheck": ({ rows }) => ({
    serverId: rows.server,
    kind: "session",
    name: "Session",
    everyS: "300",
    settings: { holdS: "120" },
  }),
  "check/change#changeCheck": ({ rows }) => ({
    checkId: rows.check,
    name: "Renamed",
    everyS: "300",
    settings: { holdS: "120" },
  }),
  "check/remove#removeCheck": ({ rows }) => ({ checkId: rows.check }),
  "check/try#tryCheck": ({ rows }) => ({ checkId: rows.check }),
  "check/allow-tool#allowTool": ({ rows }) => ({ serverId: rows.server, tool: "another_tool" }),
  "check/allow-tool#disallowTool": ({ rows }) => ({
    serverId: rows.server,
    tool: `tool_${rows.server.slice(0, 8)}`,
  }),
  "delivery/redrive-all#redriveAll": ({ rows }) => ({ sinkId: rows.sink }),
  "delivery/redrive#redriveDelivery": ({ rows }) => ({ deliveryId: rows.delivery }),
  "erasure-request/file#fileErasure": () => ({
    subjectKind: "account",
    controller: "tenant",
    identifiers: "ann@example.com",
    note: "",
  }),
  "erasure-request/open#openErasure": ({ rows }) => ({ requestId: rows.erasure }),
  "impersonation/approve#approveVisit": ({ own, rows }) => ({ tenantId: own.tenant, visitId: rows.grant }),
  "impersonation/begin#beginVisit": ({ own, rows }) => ({ tenantId: own.tenant, visitId: rows.grant }),
  "impersonation/end#endVisitOfStaff": ({ rows }) => ({ visitId: rows.grant }),
  "impersonation/revoke#revokeVisit": ({ own, rows }) => ({ tenantId: own.tenant, visitId: rows.grant }),
  "impersonation/start#startVisit": ({ own, rows }) => ({ tenantId: own.tenant, personId: rows.target, mode: "ro" }),
  "source/add#addSource": () => ({ kind: "alertmanager", ...SOURCE }),
  "source/change#changeSource": ({ rows }) => ({ sourceId: rows.source, ...SOURCE }),
  "source/revoke#revokeSource": ({ rows }) => ({ sourceId: rows.source }),
  "sink/inbound-secret#setInboundSecret": ({ rows }) => ({
    sinkId: rows.sink,
    secret: "0123456789abcdef0123456789abcdef",
  }),
  "sink/inbound-secret#endInboundSecret": ({ rows }) => ({ sinkId: rows.sink, which: "all" }),
  "incident/acknowledge#acknowledgeIncident": ({ rows }) => ({ incidentId: rows.incident }),
  "incident/note#noteIncident": ({ rows }) => ({ incidentId: rows.incident, note: "It answers again." }),
  "incident/resolve#resolveIncident": ({ rows }) => ({ incidentId: rows.incident }),
  "heartbeat/save#addHeartbeat": () => ({ kind: "url", name: "Night watch", secret: "https://beat.example.com/abc" }),
  "heartbeat/remove#removeHeartbeat": ({ rows }) => ({ heartbeatId: rows.heartbeat }),
  "key/rotate#rotateKey": () => ({}),
  "drill/run#runDrill": () => ({ flavour: "single_tenant" }),
  "postmortem/open#openPostmortem": ({ rows }) => ({ incidentId: rows.incident }),
  "postmortem/publish#publishPostmortem": ({ rows }) => ({ incidentId: rows.incident }),
  "postmortem/save#savePostmortem": ({ rows }) => ({
    incidentId: rows.incident,
    sections: { summary: "s", impact: "i", cause: "c", times: "", told: "", lessons: "" },
  }),
  "runbook/remove#removeRunbook": () => ({ reason: "timeout" }),
  "runbook/save#saveRunbook": () => ({ reason: "timeout", body: "1. Ask the night desk." }),
  "secret/rotate#rotateSecrets": () => ({}),
  "person/disable#disablePerson": ({ rows }) => ({ personId: rows.target }),
  "person/enable#enablePerson": ({ rows }) => ({ personId: rows.target }),
  "person/end-sessions#endSessionsOf": ({ rows }) => ({ personId: rows.target }),
  "policy/save#savePolicy": ({ rows }) => ({
    steps: [{ afterMinutes: 0, targets: [{ severities: ["P1"], sinkId: rows.sink }] }],
  }),
  "policy/remove#removePolicy": ({ rows }) => ({ policyId: rows.policy }),
  "policy/order#movePolicy": ({ rows }) => ({ policyId: rows.policy, direction: "up" }),
  "schedule/save#saveSchedule": ({ rows }) => ({
    scheduleId: rows.schedule,
    name: "Renamed",
    zone: "Europe/Berlin",
    layers: [{ people: [rows.target], startsOn: "2026-11-02", handoffAt: "09:00", everyDays: "7", restrictions: [] }],
  }),
  "schedule/remove#removeSchedule": ({ rows }) => ({ scheduleId: rows.schedule }),
  "schedule/override#addOverride": ({ rows }) => ({
    scheduleId: rows.schedule,
    personId: rows.target,
    from: "2098-01-01T00:00",
    to: "2098-01-02T00:00",
  }),
  "schedule/end-override#endOverride": ({ rows }) => ({ overrideId: rows.override }),
  "schedule/feed#changeFeed": ({ rows }) => ({ scheduleId: rows.schedule, give: "new" }),
  "contact/save#saveContacts": ({ rows }) => ({ personId: rows.target, sinkIds: [rows.sink] }),
  "region/add#addRegion": () => ({ name: "lhr", city: "", kind: "agent" }),
  "region/change#changeRegion": () => ({ name: "fra", city: "Frankfurt", enabled: true }),
  "region/make-token#makeRegionToken": () => ({ region: "lhr", name: "A machine" }),
  "region/revoke-token#revokeRegionToken": ({ rows }) => ({ tokenId: rows.target }),
  "prober/release#releaseProbes": ({ own }) => ({ tenantId: own.tenant }),
  "retention/change#changeRetention": () => ({ minutesDays: "396", incidentsDays: "2557" }),
  "retention/cut#cutRetention": () => ({ minutesDays: "30", incidentsDays: "400" }),
  "role/bind#bindRole": () => ({ pattern: "a-group-of-auditors", layer: "auditor", tenantSlug: null }),
  "role/unbind#unbindRole": ({ rows }) => ({ bindingId: rows.target }),
  "scim/make-token#makeScimToken": () => ({ name: "Directory", days: "30" }),
  "scim/revoke-token#revokeScimToken": ({ rows }) => ({ tokenId: rows.target }),
  "server/accept-tools#acceptTools": ({ rows }) => ({
    serverId: rows.server,
    era: "modern",
    credentialed: false,
    fullHash: CHANGED,
  }),
  "server/change#changeServer": ({ rows }) => ({
    serverId: rows.server,
    name: "Renamed",
    intervalS: 300,
    fireAfter: 3,
    clearAfter: 3,
    weight: "own",
    paused: true,
  }),
  "server/credential#setCredential": ({ rows }) => ({
    serverId: rows.server,
    kind: "header",
    headerName: "X-API-Key",
    secret: "a-secret-value",
  }),
  "server/credential#deleteCredential": ({ rows }) => ({ serverId: rows.server }),
  "server/probe-now#probeNow": ({ rows }) => ({ serverId: rows.server }),
  "server/register#registerServer": () => ({
    url: "https://new.example.com/mcp",
    name: "New",
    intervalS: "300",
    weight: "own",
  }),
  "server/remove#removeServer": ({ rows }) => ({ serverId: rows.server }),
  "severity/set#setSeverity": () => ({ reason: "latency_elevated", severity: "P3" }),
  "window/save#saveWindow": ({ rows }) => ({
    serverIds: [rows.server],
    comment: "A planned release",
    rule: { repeat: "once", from: "2026-12-24", startsAt: "02:30", minutes: "60", zone: "Europe/Berlin" },
  }),
  "window/remove#removeWindow": ({ rows }) => ({ windowId: rows.window }),
  "silence/create#createSilence": ({ rows }) => ({
    serverId: rows.server,
    comment: "A planned release",
    minutes: "60",
  }),
  "silence/end#endSilence": ({ rows }) => ({ silenceId: rows.silence }),
  "sink/challenge#challengeSink": ({ rows }) => ({ sinkId: rows.sink }),
  "sink/change#changeSink": ({ rows }) => ({
    sinkId: rows.sink,
    name: "Renamed",
    config: { url: "https://hooks.example.com/x" },
  }),
  "sink/create#createSink": () => ({ kind: "webhook", name: "New", config: { url: "https://hooks.example.com/x" } }),
  "sink/fallback#setFallback": ({ rows }) => ({ sinkId: rows.sink, afterMinutes: "5" }),
  "sink/prove#proveSink": ({ rows }) => ({ sinkId: rows.sink, code: PROOF_CODE }),
  "sink/remove#removeSink": ({ rows }) => ({ sinkId: rows.sink }),
  "sink/rotate#rotateSecret": ({ rows }) => ({ sinkId: rows.sink, config: { secret: `whsec_${"B".repeat(44)}` } }),
  "sink/sign-in#startSignIn": ({ rows }) => ({ sinkId: rows.sink }),
  "sink/switch#disableSink": ({ rows }) => ({ sinkId: rows.sink }),
  "sink/switch#enableSink": ({ rows }) => ({ sinkId: rows.sink }),
  "sink/test-send#testSend": ({ rows }) => ({ sinkId: rows.sink }),
  "tenant/add#addTenant": () => ({ slug: "newcomer", name: "Newcomer", tier: "team" }),
  "tenant/change#changeTenant": ({ own }) => ({ tenantId: own.tenant, name: "Renamed", tier: "team" }),
  "tenant/erase#eraseTenant": ({ own }) => ({ tenantId: own.tenant }),
};
