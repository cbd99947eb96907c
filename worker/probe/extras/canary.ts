// Makes one agreed call in the conversation that is open. What may be called is decided here once more, by the list that
// was read a moment ago: a server that took its mark back is not called.
import { judgeCall, refusal } from "#lib/checks/canary";
import { extraResult, unseen } from "#lib/checks/extra";
import { argumentsOf } from "#lib/domain/extra-check/canary";
import type { ExtraCheck } from "#lib/domain/extra-check/index";
import type { ExtraResult } from "#lib/domain/outcome";
import { WIRE_CODES } from "#lib/domain/transcript";
import type { Speaker } from "../found.ts";
import type { Looking } from "./looking.ts";

const CALL_BOUND_MS = 15_000;
const LEAST_MS = 500;

export async function callCanary(
  check: Extract<ExtraCheck, { kind: "canary" }>,
  speaker: Speaker,
  looking: Looking,
): Promise<ExtraResult> {
  const { settings } = check;
  const refused = refusal(looking.tools, settings.tool, looking.allowedTools.includes(settings.tool));
  if (refused !== null) return extraResult(check, refused, looking.now());
  const wanted = Math.min(CALL_BOUND_MS, (settings.maxMs ?? CALL_BOUND_MS) + LEAST_MS);
  const boundMs = Math.min(wanted, looking.leftMs());
  if (boundMs < LEAST_MS) return extraResult(check, unseen("No time was left for the call in this look."), null);
  const { step } = await speaker.ask(
    "tools/call",
    { name: settings.tool, arguments: argumentsOf(settings) },
    { phase: "call", title: "POST tools/call", name: settings.tool, boundMs },
  );
  const timedOut = step.error?.code === WIRE_CODES.timeout;
  // Cut short by the rest of the probe, not by the tool.
  const look =
    timedOut && boundMs < wanted
      ? unseen("No time was left for the call in this look.")
      : judgeCall(settings, step, step.durationMs);
  return extraResult(check, look, looking.now(), { step, latencyMs: step.durationMs });
}
