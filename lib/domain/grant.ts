// A visit: somebody of the staff looks into a tenant as one of its people. Delegation and not disguise: the session and
// every row of the log stay the actor's. Pure; the database's clock decides when it is over.
import type { Membership } from "./bindings.ts";

/** Half an hour, absolute: nothing renews it, no setting lengthens it. */
export const VISIT_MS = 30 * 60_000;
/** A second person decides within this time, and an approved visit begins within it. */
export const DECIDE_MS = 15 * 60_000;

/** ro: it only looks. rw: it may change things, with a second person's leave. */
export const MODES = ["ro", "rw"] as const;
export type Mode = (typeof MODES)[number];

/** Why a visit, or a question for one, is over: the word that its row keeps, and what it means to a reader. */
export const ENDS = {
  left: "Ended by who made it",
  time: "The 30 minutes were over",
  signed_out: "Who made it signed out",
  signed_in_again: "Who made it signed in again",
  session_over: "The session it belonged to was over",
  role_lost: "Who made it lost the role",
  disabled: "Who made it was disabled",
  revoked: "Ended by another member of the staff",
  customer: "Ended by the customer",
  target_gone: "The person looked as lost their own access",
  binding: "Its cookie was shown by another session, or was missing",
  browser: "Its cookies came from another browser",
  withdrawn: "Withdrawn before it began",
  refused: "Refused by the second person",
  expired: "Not decided, or not begun, in time",
} as const;
export type End = keyof typeof ENDS;

export const endWords = (reason: string | null): string =>
  reason === null ? "" : Object.hasOwn(ENDS, reason) ? ENDS[reason as End] : reason;

/** Who may look into this tenant, and let a colleague change things there: its own operators and root operators. */
export function mayVisit(members: readonly Membership[], tenantSlug: string): boolean {
  return members.some((m) => m.layer === "root" || (m.layer === "operator" && m.tenantSlug === tenantSlug));
}

/**
 * May this person be looked as?
 * "stranger": not known in this tenant, and the answer says nothing about whether they exist anywhere.
 */
export function standingAsTarget(
  members: readonly Membership[],
  disabled: boolean,
  tenantSlug: string,
): "customer" | "staff" | "disabled" | "stranger" {
  const here = members.filter((m) => m.tenantSlug === null || m.tenantSlug === tenantSlug);
  if (here.length === 0) return "stranger";
  if (members.some((m) => m.layer !== "customer")) return "staff";
  return disabled ? "disabled" : "customer";
}

export interface Waiting {
  mode: string;
  askedAt: Date;
  approvedAt: Date | null;
  startedAt: Date | null;
  notAfter: Date | null;
  endedAt: Date | null;
}

/** Where a visit stands at a moment of the database's clock, whether or not somebody has written its end. */
export function visitState(visit: Waiting, at: Date): "asked" | "approved" | "runs" | "over" {
  if (visit.endedAt !== null) return "over";
  if (visit.notAfter !== null) return at.getTime() < visit.notAfter.getTime() ? "runs" : "over";
  const since = visit.approvedAt ?? visit.askedAt;
  if (at.getTime() - since.getTime() > DECIDE_MS) return "over";
  return visit.approvedAt === null ? "asked" : "approved";
}

/** The reason of an end that nobody has written yet. */
export const unwrittenEnd = (visit: Waiting): End => (visit.startedAt === null ? "expired" : "time");

/** What a cookie may still live: whole seconds, never longer than the visit. */
export function secondsLeft(notAfter: Date, at: Date): number {
  return Math.max(0, Math.floor((notAfter.getTime() - at.getTime()) / 1000));
}
