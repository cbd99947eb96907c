import { isRecord, type SurfaceProblem, toolSurface } from "../domain/surface.ts";
import type { Cause } from "../domain/cause.ts";
import type { Transcript } from "../domain/transcript.ts";
import type { Check } from "./check.ts";
import { wallOfTools } from "./auth.ts";
import { caused, rpcError, rpcResult, told, walled } from "./evidence.ts";

const WORDS: Record<SurfaceProblem["problem"], string> = {
  not_an_object: "is no object",
  no_name: "has no name",
  no_input_schema: "has no inputSchema",
  duplicate_name: "has the name of an earlier one",
  not_canonical: "holds text or numbers that JSON cannot carry",
};

const BY_CODE: Record<number, Cause> = { [-32601]: "method_not_found", [-32602]: "invalid_params" };

const listStep = (transcript: Transcript) => told(transcript).findLast((s) => s.phase === "list");
const declared = (transcript: Transcript) => isRecord(transcript.capabilities?.tools);

export const toolListFailed: Check = {
  name: "tool list",
  promise: "A good handshake is followed by a tool list, and the list has an end.",
  run(transcript) {
    const step = listStep(transcript);
    if (!step) return null;
    if (transcript.paginationLoop)
      return caused(
        "pagination_loop",
        step,
        "The list does not end: a page's cursor came back, or there were more than 100 pages.",
      );
    const status = step.response?.status ?? 0;
    if (walled(step) || wallOfTools(step)) return null;
    const refused = status >= 400 && status < 500;
    const error = rpcError(step);
    if (error) return caused(BY_CODE[error.code] ?? "jsonrpc_error", step);
    return refused && step.error === undefined ? caused("list_refused", step) : null;
  },
};

export const toolListShape: Check = {
  name: "tool list shape",
  promise: "Every tool has a name of its own and an inputSchema that is an object.",
  run(transcript) {
    const step = listStep(transcript);
    if (!step) return null;
    const result = rpcResult(step);
    if (result && !Array.isArray(result.tools))
      return caused("tools_list_invalid", step, "The result's tools is no array.");
    const [first, ...rest] = toolSurface(transcript.tools ?? []).problems;
    if (!first) return null;
    const more = rest.length > 0 ? `, and ${rest.length} more` : "";
    return {
      reason: "schema_invalid",
      phase: "list",
      evidence: { cause: "tools_list_invalid", detail: `Tool ${first.index + 1} ${WORDS[first.problem]}${more}.` },
    };
  },
};

export const emptyToolList: Check = {
  name: "empty tool list",
  promise: "A server that says it has tools lists at least one.",
  run(transcript) {
    if (transcript.tools === null || transcript.tools.length > 0 || !declared(transcript)) return null;
    return {
      reason: "empty_tool_list",
      phase: "list",
      evidence: { cause: "tools_list_empty", detail: "The capabilities name tools, and the list is empty." },
    };
  },
};
