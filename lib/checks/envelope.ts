// What came back, before what it says: a web page, a broken envelope, nothing at all, or too much of it.
import type { Cause } from "../domain/cause.ts";
import { isRecord } from "../domain/surface.ts";
import { type Step, type Transcript, WIRE_CODES } from "../domain/transcript.ts";
import type { Check } from "./check.ts";
import { caused, onEventStream, rpcError, told } from "./evidence.ts";

/** A request whose answer must be a message; the open stream of HTTP+SSE is itself the answer. */
function asksForAnswer(step: Step): boolean {
  const phase = step.phase === "discover" || step.phase === "initialize" || step.phase === "list";
  return phase && !(step.request?.method === "GET" && step.response?.contentType?.startsWith("text/event-stream"));
}

export const notMcp: Check = {
  name: "not MCP",
  promise: "A success that is a web page or another type of answer is not taken for MCP.",
  run(transcript) {
    const step = told(transcript).find(
      (s) => asksForAnswer(s) && s.error === undefined && s.message === undefined && ok(s),
    );
    if (step) return caused("not_mcp", step);
    const mute = told(transcript).find((s) => s.error?.code === WIRE_CODES.noEndpoint);
    return mute ? caused("sse_no_endpoint", mute, "The event stream names no endpoint on its own origin.") : null;
  },
};

export const tooLarge: Check = {
  name: "size",
  promise: "An answer beyond what clients take is cut off and named.",
  run(transcript) {
    const step = told(transcript).find((s) => s.error?.code === WIRE_CODES.tooLarge);
    const folded = told(transcript).find((s) => s.error?.code === WIRE_CODES.encoding);
    if (folded) return caused("encoding_refused", folded);
    if (step)
      return caused(
        "response_too_large",
        step,
        "More than 4 MiB in one answer, or more values than a client can hold.",
      );
    if (!transcript.toolsTruncated || transcript.paginationLoop) return null;
    const list = told(transcript).findLast((s) => s.phase === "list");
    return list
      ? {
          reason: "response_too_large",
          phase: "list",
          evidence: {
            cause: "tools_truncated",
            detail: `The list was read up to ${transcript.tools?.length ?? 0} tools and cut there.`,
          },
        }
      : null;
  },
};

export const envelope: Check = {
  name: "envelope",
  promise: "Every answer is a JSON-RPC 2.0 response to the request that was sent.",
  run(transcript) {
    for (const step of told(transcript)) {
      const wrong = problem(step);
      if (wrong !== null) return caused(causeOf(step, transcript), step, wrong);
    }
    return null;
  },
};

function causeOf(step: Step, transcript: Transcript): Cause {
  switch (step.error?.code) {
    case WIRE_CODES.notJson:
      return "malformed_json";
    case WIRE_CODES.tooDeep:
      return "json_too_deep";
    case WIRE_CODES.notOurs:
      // Without the protocol's own mark it is no message of anybody's, but some other JSON.
      return /"jsonrpc"/.test(step.response?.bodyHead ?? "") ? "wrong_id" : "malformed_jsonrpc";
    case WIRE_CODES.noAnswer:
      return step.response?.contentType?.startsWith("text/event-stream") || onEventStream(transcript)
        ? "sse_closed"
        : "empty_answer";
  }
  return "malformed_jsonrpc";
}

function problem(step: Step): string | null {
  switch (step.error?.code) {
    case WIRE_CODES.notJson:
      return "The answer is not JSON.";
    case WIRE_CODES.tooDeep:
      return "The answer is nested deeper than 64 levels.";
    case WIRE_CODES.notOurs:
      return "No message in the answer is the response to the request.";
    case WIRE_CODES.noAnswer:
      return "The answer ended without a response to the request.";
  }
  if (step.message === undefined || !ok(step)) return null;
  const m = step.message;
  if (!isRecord(m)) return "The answer is no object.";
  if (m.jsonrpc !== "2.0") return 'The answer lacks "jsonrpc": "2.0".';
  if ("result" in m === "error" in m) return "The answer holds neither or both of result and error.";
  if ("error" in m && rpcError(step) === null) return "The error has no integer code.";
  if ("result" in m && !isRecord(m.result)) return "The result is no object.";
  return null;
}

function ok(step: Step): boolean {
  const status = step.response?.status ?? 0;
  return status >= 200 && status < 300;
}
