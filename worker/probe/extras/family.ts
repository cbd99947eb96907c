// The families that are parts of the protocol itself, asked in the open conversation.
import { extraResult, failing, fine, type Look, moot, unseen } from "#lib/checks/extra";
import { rpcError, rpcResult } from "#lib/checks/evidence";
import { limitMs } from "#lib/domain/extra-check/health-url";
import type { ExtraCheck } from "#lib/domain/extra-check/index";
import type { ExtraResult } from "#lib/domain/outcome";
import { isRecord } from "#lib/domain/surface";
import { WIRE_CODES } from "#lib/domain/transcript";
import type { Speaker } from "../found.ts";
import type { Looking } from "./looking.ts";

type Check = Extract<ExtraCheck, { kind: "health_url" }>;

const LEAST_MS = 500;

export async function askFamily(check: Check, speaker: Speaker, looking: Looking): Promise<ExtraResult> {
  const { family } = check.settings;
  if (family === "handshake") return extraResult(check, fine("It shakes hands and lists its tools."), looking.now());
  if (family === "notifications") return listen(check, speaker, looking);
  const limit = limitMs(check.settings);
  const wanted = Math.max(LEAST_MS, limit) + LEAST_MS;
  const boundMs = Math.min(wanted, looking.leftMs());
  if (boundMs < LEAST_MS) return extraResult(check, unseen("No time was left for it in this look."), null);
  const { method, params, list } = QUESTION[family as keyof typeof QUESTION](check);
  const { step } = await speaker.ask(method, params, { phase: "health", title: `POST ${method}`, boundMs });
  const timedOut = step.error?.code === WIRE_CODES.timeout;
  const look = timedOut
    ? boundMs < wanted
      ? unseen("No time was left for it in this look.")
      : failing("health_slow", `${method} gave no answer within ${limit} ms.`)
    : answered(method, list, limit, step.durationMs, rpcResult(step), rpcError(step)?.code ?? step.response?.status);
  return extraResult(check, look, looking.now(), { step, latencyMs: step.durationMs });
}

const QUESTION: Record<
  "resources" | "prompts" | "completions",
  (check: Check) => { method: string; params: Record<string, unknown>; list(result: Record<string, unknown>): boolean }
> = {
  resources: () => ({ method: "resources/list", params: {}, list: (r) => Array.isArray(r.resources) }),
  prompts: () => ({ method: "prompts/list", params: {}, list: (r) => Array.isArray(r.prompts) }),
  completions: ({ settings }) => ({
    method: "completion/complete",
    params: { ref: { type: "ref/prompt", name: settings.prompt }, argument: { name: settings.argument, value: "" } },
    list: (r) => isRecord(r.completion) && Array.isArray(r.completion.values),
  }),
};

function answered(
  method: string,
  list: (result: Record<string, unknown>) => boolean,
  limit: number,
  ms: number,
  result: Record<string, unknown> | null,
  code: number | undefined,
): Look {
  if (result === null)
    return failing("health_protocol", `${method} is answered with ${code ?? "nothing that can be read"}.`);
  if (!list(result)) return failing("health_protocol", `${method} gives no list.`);
  if (ms > limit) return failing("health_slow", `${method} took ${Math.round(ms)} ms, and ${limit} ms are the limit.`);
  return fine(`${method} answered in ${Math.round(ms)} ms.`);
}

/** The stream that a client keeps open: it has to be taken, and to show a sign of life in time. */
async function listen(check: Check, speaker: Speaker, looking: Looking): Promise<ExtraResult> {
  if (speaker.listen === null)
    return extraResult(check, moot("This server's era has no event stream of that kind."), looking.now());
  const limit = limitMs(check.settings);
  const boundMs = Math.max(1, Math.min(limit, looking.leftMs()));
  const { step, heard } = await speaker.listen(boundMs);
  const seen = { step, latencyMs: step.durationMs };
  const status = step.response?.status ?? 0;
  const say = (look: Look) => extraResult(check, look, looking.now(), seen);
  if (heard) return say(fine("The event stream shows a sign of life."));
  if (status !== 0 && (status !== 200 || !step.response?.contentType?.startsWith("text/event-stream")))
    return say(failing("health_protocol", `The event stream is refused (HTTP ${status}).`));
  if (boundMs < limit) return say(unseen("No time was left to hear from the event stream."));
  const silent =
    status === 0 ? "The event stream cannot be opened." : `The event stream is silent for ${limit / 1_000} s.`;
  return say(failing("health_protocol", silent));
}
