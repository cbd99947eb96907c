// How checks read a transcript, and how what they saw becomes evidence.
import { type Cause, CAUSES } from "../domain/cause.ts";
import type { Evidence } from "../domain/outcome.ts";
import type { Step, Transcript } from "../domain/transcript.ts";
import { isRecord } from "../domain/surface.ts";
import { cleanText } from "../domain/text.ts";
import type { Reason } from "../domain/reason.ts";
import type { Finding } from "./check.ts";

/** Steps that say something about the server, in order. */
export function told(transcript: Transcript): Step[] {
  return transcript.steps.filter((step) => step.aside !== true);
}

/** Last step that says something: where a probe that ended early ended. */
export function lastTold(transcript: Transcript): Step | undefined {
  return told(transcript).at(-1);
}

/** TLS 1.3's own word for 401. */
export const CLIENT_CERTIFICATE_WANTED = "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED";

/** HTTP+SSE: answers come on a stream that a GET opened. */
export function onEventStream(transcript: Transcript): boolean {
  return transcript.steps.some(
    (s) => s.request?.method === "GET" && s.response?.contentType?.startsWith("text/event-stream"),
  );
}

/** A wall or a limit is judged by its status alone, whatever JSON stands in its body. */
export function walled(step: Step): boolean {
  return [401, 403, 429].includes(step.response?.status ?? 0);
}

export interface RpcError {
  code: number;
  message: string;
}

/** The JSON-RPC error in a step, if its code is a number as it must be. */
export function rpcError(step: Step): RpcError | null {
  const error = isRecord(step.message) && isRecord(step.message.error) ? step.message.error : null;
  if (error === null || !Number.isInteger(error.code)) return null;
  return { code: Number(error.code), message: typeof error.message === "string" ? cleanText(error.message, 200) : "" };
}

export function rpcResult(step: Step): Record<string, unknown> | null {
  return isRecord(step.message) && isRecord(step.message.result) ? step.message.result : null;
}

/** A finding by what exactly was seen; its reason follows from that. */
export function caused(cause: Cause, step: Step, detail?: string): Finding {
  const found = finding(CAUSES[cause].reason, step, detail);
  return { ...found, evidence: { cause, ...found.evidence } };
}

export function finding(reason: Reason, step: Step, detail?: string): Finding {
  const rpc = rpcError(step);
  const evidence: Evidence = {};
  if (step.response) {
    evidence.httpStatus = step.response.status;
    if (step.response.contentType) evidence.contentType = step.response.contentType;
    if (step.response.bodyHead) evidence.bodyHead = cleanText(step.response.bodyHead, 300);
    const wait = retryAfterS(step.response.headers["retry-after"]);
    if (wait !== null) evidence.retryAfterS = wait;
  }
  if (rpc && Number.isSafeInteger(rpc.code)) evidence.jsonrpcCode = rpc.code;
  if (step.error) evidence.errorCode = step.error.code;
  const words = detail ?? (rpc?.message || step.error?.detail);
  if (words) evidence.detail = cleanText(words, 300);
  return { reason, phase: step.phase, evidence };
}

/** Seconds; the date form is left alone, because a check knows no clock. */
function retryAfterS(header: string | undefined): number | null {
  return header !== undefined && /^\d{1,6}$/.test(header.trim()) ? Number(header) : null;
}
