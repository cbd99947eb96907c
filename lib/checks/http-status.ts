import type { Cause } from "../domain/cause.ts";
import type { Step } from "../domain/transcript.ts";
import type { Check } from "./check.ts";
import { caused, rpcError, told } from "./evidence.ts";

const BY_STATUS: Record<number, Cause> = {
  404: "http_not_found",
  405: "http_method_not_allowed",
  406: "http_not_acceptable",
  410: "http_gone",
  415: "http_unsupported_media",
  429: "rate_limited",
};
/** What gateways say of the server behind them, the 52x of content networks among them. */
const GATEWAY = (status: number) => (status >= 502 && status <= 504) || (status >= 520 && status <= 530);

export const httpStatus: Check = {
  name: "HTTP status",
  promise: "Redirects, missing paths, refusals, server errors and rate limits each have their own reason.",
  run(transcript) {
    const step = told(transcript).find((s) => (s.response?.status ?? 0) >= 300 && s.error === undefined);
    if (!step?.response) return null;
    const { status, headers } = step.response;
    const cause = causeOf(step);
    if (cause === null) return null;
    if (status < 400) return caused(cause, step, headers.location ? `Location: ${headers.location}` : undefined);
    if (status < 500 && cause !== "rate_limited" && othersSayMore(step)) return null;
    return caused(cause, step);
  },
};

/** A lost session, a failing list after a good handshake, or the protocol speaking in a 4xx; media types are HTTP's own. */
function othersSayMore(step: Step): boolean {
  const status = step.response?.status ?? 0;
  if (step.request?.headers["mcp-session-id"] !== undefined && (status === 400 || status === 404)) return true;
  return step.phase === "list" || (rpcError(step) !== null && status !== 406 && status !== 415);
}

function causeOf(step: Step): Cause | null {
  const { status = 0, headers = {} } = step.response ?? {};
  if (status === 401 || status === 403) return null;
  if (BY_STATUS[status]) return BY_STATUS[status];
  if (status < 400) return leadsBack(step.request?.url, headers.location) ? "http_redirect_loop" : "http_redirect";
  if (status < 500) return "http_client_error";
  return GATEWAY(status) ? "gateway_error" : "http_server_error";
}

function leadsBack(from: string | undefined, location: string | undefined): boolean {
  return from !== undefined && location !== undefined && URL.parse(location, from)?.href === URL.parse(from)?.href;
}
