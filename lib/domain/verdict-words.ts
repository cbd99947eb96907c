// What was seen, as one sentence. Parts that came from the server are cut, cleaned and quoted.
import type { Outcome, Phase } from "./outcome.ts";
import { type Reason, REASONS, type Status } from "./reason.ts";
import { cleanText } from "./text.ts";

const WHILE: Record<Phase, string> = {
  address: "while checking the address",
  dns: "while resolving the name",
  connect: "while connecting",
  tls: "during the TLS handshake",
  discover: "on server/discover",
  initialize: "on initialize",
  initialized: "after initialize",
  list: "on tools/list",
  call: "on a tool call",
  metadata: "while looking for how to sign in",
  token: "while asking for a token",
  session: "in the session check",
  health: "on the health address",
  close: "while closing the session",
  probe: "in the probe",
};

/** "Server error (HTTP 502) on initialize: “upstream is gone”" */
export function describeOutcome(outcome: Outcome): string {
  const { evidence } = outcome;
  if (outcome.status === "up" && outcome.reason === null)
    return `Answered in ${Math.round(outcome.timings.totalMs)} ms.`;
  const label = outcome.reason === null ? "Answered wrongly" : REASONS[outcome.reason].label;
  const codes = [
    evidence.httpStatus === undefined ? null : `HTTP ${evidence.httpStatus}`,
    evidence.jsonrpcCode === undefined ? null : `JSON-RPC ${evidence.jsonrpcCode}`,
    evidence.errorCode === undefined ? null : cleanText(evidence.errorCode, 40),
  ].filter((c) => c !== null);
  const where = outcome.phase === null || outcome.status === "up" ? "" : ` ${WHILE[outcome.phase]}`;
  const quoted = cleanText(evidence.detail ?? evidence.bodyHead ?? "", 120);
  const cold = outcome.cold && outcome.status !== "up" ? "First look after a pause, not counted: " : "";
  return cleanText(
    `${cold}${label}${codes.length > 0 ? ` (${codes.join(", ")})` : ""}${where}${quoted === "" ? "" : `: “${quoted}”`}`,
    300,
  );
}

export function describeVerdict(
  status: Status,
  reason: Reason | null,
  expected: readonly string[],
  seen: readonly Outcome[],
): string {
  const of = expected.length === 1 ? "The only region" : null;
  if (seen.length === 0) return "No region has looked at this server.";
  if (status === "up") {
    const up = seen.filter((o) => o.status === "up");
    const typical = up.find((o) => o.reason === reason) ?? up[0];
    return `${of ?? `${up.length} of ${expected.length} regions`}: ${typical === undefined ? "up" : describeOutcome(typical)}`;
  }
  if (status === "unknown") return describeOutcome(seen.find((o) => o.reason === reason) ?? (seen[0] as Outcome));
  const bad = seen.filter((o) => o.status === "down" || o.status === "degraded");
  const typical = bad.find((o) => o.reason === reason) ?? (bad[0] as Outcome);
  const missing = expected.length - seen.length;
  const unseen = missing > 0 ? ` ${missing} did not report.` : "";
  const who =
    reason === "region_failing" ? `Only ${typical.region}` : (of ?? `${bad.length} of ${expected.length} regions`);
  return cleanText(`${who}: ${describeOutcome(typical)}.${unseen}`, 500);
}
