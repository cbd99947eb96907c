// All that a customer can reach: every page and every server action of the portal, with the permission that it asks.
// allow-list.test.ts compares it with the source and e2e/portal.spec.ts with what was built: what is not listed here
// fails, and so does what is listed and not there.
import type { OwnAct } from "#lib/domain/own-acts";
import type { Action } from "#lib/domain/permissions";

export const PORTAL_PAGES = {
  "/portal": "incident.read",
  "/portal/servers": "server.read",
  "/portal/servers/new": "server.register",
  "/portal/servers/[id]": "server.read",
  "/portal/servers/[id]/credential": "server.read",
  "/portal/servers/[id]/tools": "server.read",
  "/portal/servers/[id]/checks": "server.read",
  "/portal/incidents": "incident.read",
  "/portal/incidents/[id]": "incident.read",
  "/portal/sinks": "sink.read",
  "/portal/sinks/new": "sink.change",
  "/portal/sinks/[id]": "sink.read",
  "/portal/retention": "retention.read",
  "/portal/runbooks": "runbook.read",
  "/portal/visits": "visit.read",
  "/portal/requests": "erasure.read",
  "/portal/requests/new": "erasure.file",
} as const satisfies Record<string, Action>;

/** By the names under which they are exported. */
export const PORTAL_ACTIONS = {
  portalChooseTenant: "session.choose_tenant",
  portalRegisterServer: "server.register",
  portalChangeServer: "server.change",
  portalProbeNow: "server.change",
  portalSetCredential: "server.credential",
  portalDeleteCredential: "server.credential",
  portalRemoveServer: "server.remove",
  portalAcceptTools: "server.accept_tools",
  portalAddCheck: "check.change",
  portalChangeCheck: "check.change",
  portalRemoveCheck: "check.change",
  portalTryCheck: "check.change",
  portalAllowTool: "check.allow_tool",
  portalDisallowTool: "check.change",
  portalCreateSink: "sink.change",
  portalChangeSink: "sink.change",
  portalTestSend: "sink.change",
  portalDisableSink: "sink.change",
  portalEnableSink: "sink.change",
  portalRemoveSink: "sink.change",
  portalChallengeSink: "sink.prove",
  portalProveSink: "sink.prove",
  portalRotateSecret: "sink.secret",
  portalStartSignIn: "sink.prove",
  portalSetFallback: "sink.change",
  portalSaveRunbook: "runbook.change",
  portalRemoveRunbook: "runbook.change",
  portalKeepLonger: "retention.change",
  portalAskCut: "retention.cut",
  portalDecideCut: "retention.cut",
  portalWithdrawCut: "retention.cut",
  portalEndVisit: "visit.end",
  portalFileErasure: "erasure.file",
} as const satisfies Record<string, Action | OwnAct>;

export type PortalPage = keyof typeof PORTAL_PAGES;
export type PortalAction = keyof typeof PORTAL_ACTIONS;
