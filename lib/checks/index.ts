// The list of checks, in order, and the verdict of one region on one transcript. A new check is a file and a line here.
import type { Evidence, Outcome, Phase, ToolSurface } from "../domain/outcome.ts";
import { type Reason, reasonRule, type Status } from "../domain/reason.ts";
import { toolSurface } from "../domain/surface.ts";
import type { Transcript } from "../domain/transcript.ts";
import { address } from "./address.ts";
import { auth, wallOfTools } from "./auth.ts";
import type { Check, Finding } from "./check.ts";
import { envelope, notMcp, tooLarge } from "./envelope.ts";
import { CLIENT_CERTIFICATE_WANTED, told } from "./evidence.ts";
import { handshake, session, version } from "./handshake.ts";
import { httpStatus } from "./http-status.ts";
import { proberFault } from "./prober-fault.ts";
import { tlsExpiry } from "./tls-expiry.ts";
import { emptyToolList, toolListFailed, toolListShape } from "./tools.ts";
import { transport } from "./transport.ts";

/** From the address upwards: of findings of one weight, the lowest layer names the reason. */
export const CHECKS: readonly Check[] = [
  address,
  proberFault,
  transport,
  auth,
  session,
  httpStatus,
  tooLarge,
  notMcp,
  envelope,
  version,
  handshake,
  toolListFailed,
  toolListShape,
  emptyToolList,
  tlsExpiry,
];

export interface Judgement {
  status: Status;
  auth: Outcome["auth"];
  reason: Reason | null;
  phase: Phase | null;
  evidence: Evidence;
  tools: ToolSurface | null;
}

const WEIGHT: Record<Status, number> = { down: 3, degraded: 2, unknown: 1, up: 0 };

/** PURE. The first finding with the worst status names the reason; without any the server is up. */
export function judge(transcript: Transcript): Judgement {
  const findings = CHECKS.flatMap((check) => check.run(transcript) ?? []);
  const worst = findings.reduce<Finding | null>((a, b) => (a === null || weight(b) > weight(a) ? b : a), null);
  return {
    status: worst === null ? "up" : reasonRule(worst.reason).status,
    auth: authOf(transcript),
    reason: worst?.reason ?? null,
    phase: worst?.phase ?? null,
    evidence: worst?.evidence ?? {},
    tools: surfaceSeen(transcript),
  };
}

function surfaceSeen({ tools, toolsTruncated, credentialUsed }: Transcript): ToolSurface | null {
  if (tools === null) return null;
  const cut = toolsTruncated ? { truncated: true } : {};
  return { ...toolSurface(tools).surface, ...cut, ...(credentialUsed ? { credentialed: true } : {}) };
}

/** A fault of ours or a forbidden address outweighs all: what else was seen then says nothing about the server. */
function weight(finding: Finding): number {
  const rule = reasonRule(finding.reason);
  // A wall that stands as it should must not hide that the certificate before it ends.
  if (finding.reason === "tls_expiring") return 0.5;
  return rule.layer === "platform" ? 4 : WEIGHT[rule.status];
}

function authOf(transcript: Transcript): Outcome["auth"] {
  const walled = told(transcript).some(
    (s) =>
      s.response?.status === 401 ||
      wallOfTools(s) ||
      s.error?.code === CLIENT_CERTIFICATE_WANTED ||
      (s.response?.status === 403 && s.response.headers["www-authenticate"] !== undefined),
  );
  if (walled || (transcript.credentialUsed && transcript.era !== null)) return "protected";
  return transcript.era === null ? "unknown" : "open";
}
