import type { Reason } from "../domain/reason.ts";
import type { Step } from "../domain/transcript.ts";
import type { Check } from "./check.ts";
import { finding, rpcError, told } from "./evidence.ts";

export const httpStatus: Check = {
  name: "HTTP status",
  promise: "Redirects, missing paths, refusals, server errors and rate limits each have their own reason.",
  run(transcript) {
    const step = told(transcript).find((s) => (s.response?.status ?? 0) >= 300 && s.error === undefined);
    if (!step?.response) return null;
    const { status, headers } = step.response;
    const reason = reasonOf(status);
    if (reason === null) return null;
    if (reason === "http_moved")
      return finding(reason, step, headers.location ? `Location: ${headers.location}` : undefined);
    if (status < 500 && reason !== "rate_limited" && othersSayMore(step)) return null;
    return finding(reason, step);
  },
};

/** A lost session, a failing list after a good handshake, or the protocol speaking in a 4xx; media types are HTTP's own. */
function othersSayMore(step: Step): boolean {
  const status = step.response?.status ?? 0;
  if (step.request?.headers["mcp-session-id"] !== undefined && (status === 400 || status === 404)) return true;
  return step.phase === "list" || (rpcError(step) !== null && status !== 406 && status !== 415);
}

function reasonOf(status: number): Reason | null {
  if (status === 401 || status === 403) return null;
  if (status === 429) return "rate_limited";
  if (status < 400) return "http_moved";
  if (status === 404 || status === 410) return "http_not_found";
  return status < 500 ? "http_client_error" : "http_server_error";
}
