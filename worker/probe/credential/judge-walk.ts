// What a probe with a credential says beyond its own conversation: no token, a certificate that was refused, metadata
// that misleads; and the eight steps as one walk. PURE.
import { type Cause, CAUSES } from "#lib/domain/cause";
import { REASONS } from "#lib/domain/reason";
import { STORED_MAX_BYTES, type Step } from "#lib/domain/transcript";
import { type Look, type TokenState, walkOf, wantsCertificate } from "#lib/domain/wall";
import type { ProbeResult } from "../result.ts";
import { withoutSecrets } from "../shown.ts";
import type { Done } from "./held.ts";
import type { Guarded } from "./load.ts";
import type { Given } from "./tokens.ts";

/** The authorization server said no; anything else is that it could not be asked. */
const REFUSALS = new Set([
  "invalid_request",
  "invalid_client",
  "invalid_grant",
  "unauthorized_client",
  "unsupported_grant_type",
  "invalid_scope",
  "invalid_target",
  "access_denied",
  "error",
]);

/** @param held what an earlier look found; what this one found counts more */
export function judgeWalk(
  seen: ProbeResult,
  guarded: Guarded,
  held: Look | null,
  given: Given | null,
): Done & { result: ProbeResult } {
  const { look, ...rest } = seen;
  const secret = guarded.client?.clientSecret;
  const made = look && secret ? (withoutSecrets({ ...look }, { secret }) as unknown as Look) : look;
  const known: Look = { wall: made?.wall ?? held?.wall ?? null, findings: made?.findings ?? held?.findings ?? null };
  const result = refined(withTokenStep(rest, given), guarded, known, given);
  const { judgement } = result;
  const walk = walkOf({
    transcript: result.transcript,
    judgement: { ...judgement, detail: judgement.evidence.detail ?? "" },
    ...known,
    kind: guarded.kind,
    call: result.extras?.find((e) => e.id === guarded.callId) ?? null,
    expectedHash: guarded.accepted[isModern(result) ? "modern" : "legacy"] ?? null,
  });
  return {
    result: guarded.kind === null ? result : { ...result, credential: walk },
    walk,
    look: known,
    looked: made !== undefined && made.wall !== null,
    token: given?.state ?? null,
  };
}

const isModern = ({ transcript }: ProbeResult) => transcript.era === "modern" || transcript.era === "dual";

function refined(result: ProbeResult, guarded: Guarded, look: Look, given: Given | null): ProbeResult {
  const { judgement } = result;
  const { evidence } = judgement;
  // Down, or not to be judged: that says more than what stands before it.
  if (given?.token === null && (judgement.status === "up" || judgement.status === "degraded"))
    return caused(result, REFUSALS.has(given.state.code) ? "token_refused" : "as_unreachable", "token", {
      errorCode: given.state.code,
      detail: given.state.problem,
    });
  if (guarded.kind === "mtls" && wantsCertificate(evidence.errorCode))
    return caused(result, "auth_rejected", judgement.phase, {
      ...evidence,
      detail: "TLS refuses the client certificate.",
    });
  // A certificate that ends soon is named before the wall behind it, and hides nothing of what is wrong there.
  const ends = judgement.reason === "tls_expiring" && judgement.auth === "protected";
  if (guarded.kind === null && (judgement.reason === "auth_required" || ends) && look.findings) {
    const { cause, problem } = look.findings;
    if (cause === "prm_invalid" || cause === "as_unreachable")
      return caused(result, cause, ends ? "metadata" : judgement.phase, { ...evidence, detail: problem });
    if (cause === "with_prm" && evidence.cause === "auth_without_prm")
      return caused(result, "auth_with_prm", judgement.phase, evidence);
  }
  return result;
}

function caused(
  result: ProbeResult,
  cause: Cause,
  phase: ProbeResult["judgement"]["phase"],
  evidence: ProbeResult["judgement"]["evidence"],
): ProbeResult {
  const { reason } = CAUSES[cause];
  return {
    ...result,
    judgement: { ...result.judgement, status: REASONS[reason].status, reason, phase, evidence: { ...evidence, cause } },
  };
}

/** A token that was just asked for is the first thing that happened, and is shown as that. */
function withTokenStep(result: ProbeResult, given: Given | null): ProbeResult {
  if (given === null || (given.token !== null && !given.fresh)) return result;
  const { code, problem }: TokenState = given.state;
  const step: Step = {
    phase: "token",
    title: "Ask for a token",
    startMs: 0,
    durationMs: 0,
    ...(code !== "" && { error: { code, detail: problem } }),
  };
  const transcript = { ...result.transcript, steps: [step, ...result.transcript.steps] };
  return JSON.stringify(transcript).length <= STORED_MAX_BYTES ? { ...result, transcript } : result;
}
