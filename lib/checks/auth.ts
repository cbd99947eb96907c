// 401 and 403: protected is not down. Decided by status alone, because servers send WWW-Authenticate on 200 as well.
import type { Check } from "./check.ts";
import { finding, told } from "./evidence.ts";

export const auth: Check = {
  name: "auth",
  promise:
    "A wall is told from an outage: asks for credentials, does not say how, refuses ours, or forbids this client.",
  run(transcript) {
    const step = told(transcript).find((s) => s.response?.status === 401 || s.response?.status === 403);
    if (!step?.response) return null;
    const challenge = step.response.headers["www-authenticate"] ?? "";
    if (transcript.credentialUsed && (step.response.status === 401 || challenge !== ""))
      return finding("credential_rejected", step, challenge);
    if (step.response.status === 403 && challenge === "") return finding("forbidden", step);
    return isFilled(challenge)
      ? finding("auth_required", step, challenge)
      : finding("auth_misconfigured", step, challenge || "401 without WWW-Authenticate");
  },
};

/** A scheme with at least one parameter: "Bearer resource_metadata=…", not a bare "Bearer". */
function isFilled(challenge: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+\s+[^\s=]+\s*=\s*\S/.test(challenge.trim());
}
