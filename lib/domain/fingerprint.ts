// What makes two bad slots the same incident: the subject and the way it fails, not the exact reason. An outage that
// goes from timeout to refused stays one incident; a certificate that runs out beside it is another.
import type { Reason } from "./reason.ts";
import type { Verdict } from "./verdict.ts";

export const MODES = ["serving", "unchecked", "drift", "expiry"] as const;
export type Mode = (typeof MODES)[number];

const EXPIRY: readonly Reason[] = ["tls_expiring", "credential_expiring"];
/** A verdict, or what a row kept of one; `counts` absent: it does. */
type Judged = Pick<Verdict, "status" | "reason" | "pattern"> & Partial<Pick<Verdict, "counts">>;

/** How this verdict is bad, or null. A region alone and a server that is rate-limited are no failure of the server. */
export function modeOf(verdict: Judged): Mode | null {
  if (verdict.status === "unknown")
    return verdict.reason === "rate_limited" || verdict.reason === "blocked_address" ? null : "unchecked";
  if (verdict.counts === false) return null;
  if (verdict.status !== "up") return verdict.pattern === "one" ? null : "serving";
  if (verdict.reason === "schema_drift" || verdict.reason === "edge_divergence") return "drift";
  return verdict.reason !== null && EXPIRY.includes(verdict.reason) ? "expiry" : null;
}

/** True when this verdict is evidence that the mode is over; false also when it says nothing about it. */
export function speaksAgainst(mode: Mode, verdict: Judged): boolean {
  if (verdict.status === "unknown") return false;
  if (verdict.counts === false) return mode === "unchecked";
  if (mode === "unchecked") return true;
  if (mode === "serving") return modeOf(verdict) !== "serving";
  return verdict.status === "up" && modeOf(verdict) !== mode;
}

/** A server's tools, as a subject of their own: they may be wrong while the server is well. */
export const toolsKey = (serverId: string): string => `${serverId}:tools`;

/** A server's latency and error rate, as a subject of their own: a clock watches them over minutes. */
export const paceKey = (serverId: string): string => `${serverId}:pace`;

/** A server's error budget, as a subject of its own: a clock watches it over an hour. */
export const burnKey = (serverId: string): string => `${serverId}:burn`;

/** @param subject server id, or "region:<name>", "worker:<name>" */
export const fingerprint = (subject: string, mode: Mode): string => `${subject}:${mode}`;

export function modeOfFingerprint(print: string): Mode {
  const mode = print.slice(print.lastIndexOf(":") + 1) as Mode;
  return MODES.includes(mode) ? mode : "serving";
}

/** The one key over all sinks: at most 64 characters of [A-Za-z0-9_-]. */
export const dedupKey = (incidentId: string): string => `tocsin-${incidentId}`;
