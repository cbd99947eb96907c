// 401 and 403: protected is not down. Decided by status alone, because servers send WWW-Authenticate on 200 as well.
import type { Step } from "../domain/transcript.ts";
import type { Check } from "./check.ts";
import { caused, rpcError, told } from "./evidence.ts";

/** What some servers answer at their tools to whoever has not signed in; others mean a lost session by it. */
const UNAUTHORIZED = -32001;

export const auth: Check = {
  name: "auth",
  promise:
    "A wall is told from an outage: asks for credentials, does not say how, refuses ours, or forbids this client.",
  run(transcript) {
    const step = told(transcript).find((s) => s.response?.status === 401 || s.response?.status === 403);
    if (!step?.response) {
      const walled = told(transcript).find(wallOfTools);
      return walled ? caused(transcript.credentialUsed ? "auth_rejected" : "auth_tools_only", walled) : null;
    }
    const { status } = step.response;
    const challenge = step.response.headers["www-authenticate"] ?? "";
    if (status === 403 && /\berror\s*=\s*"?insufficient_scope/i.test(challenge))
      return caused("auth_insufficient_scope", step, challenge);
    if (transcript.credentialUsed && (status === 401 || challenge !== ""))
      return caused("auth_rejected", step, challenge);
    if (status === 403 && challenge === "") return caused("forbidden", step);
    if ((step.phase === "list" || step.phase === "call") && status === 401 && transcript.era !== null)
      return caused("auth_tools_only", step, challenge || undefined);
    if (!isFilled(challenge)) return caused("auth_bare", step, challenge || "401 without WWW-Authenticate");
    return caused(/\bresource_metadata\s*=/i.test(challenge) ? "auth_with_prm" : "auth_without_prm", step, challenge);
  },
};

/**
 * After a good handshake only, and never where its words are about a session or about time (the SDK's own
 * RequestTimeout is the same number): the code alone has no meaning.
 */
export function wallOfTools(step: Step): boolean {
  if (step.phase !== "list" && step.phase !== "call") return false;
  const error = rpcError(step);
  return error?.code === UNAUTHORIZED && !/session|time[d ]*out/i.test(error.message);
}

/** A scheme with at least one parameter: "Bearer resource_metadata=…", not a bare "Bearer". */
function isFilled(challenge: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+\s+[^\s=]+\s*=\s*\S/.test(challenge.trim());
}
