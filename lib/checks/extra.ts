// What a look at an extra check found, and how it becomes the region's word on it.
import { type Cause, CAUSES } from "../domain/cause.ts";
import type { Evidence, ExtraKind, ExtraResult, Phase } from "../domain/outcome.ts";
import { reasonRule, type Status } from "../domain/reason.ts";
import { cleanText } from "../domain/text.ts";
import type { Step } from "../domain/transcript.ts";
import { finding } from "./evidence.ts";

export interface Look {
  status: Extract<Status, "up" | "degraded" | "unknown">;
  cause: Cause | null;
  /** Our sentence, for people; what the server said stands in quotes in it. */
  detail: string;
  /** There is nothing to look at here, so nothing that was found earlier lives on. */
  moot?: true;
}

export const fine = (detail: string): Look => ({ status: "up", cause: null, detail });
export const failing = (cause: Cause, detail: string): Look => ({ status: "degraded", cause, detail });
/** Could not be looked at: never green, and not the server's failure. */
export const unseen = (detail: string): Look => ({ status: "unknown", cause: null, detail });

/** The server has nothing of the kind: neither good nor bad, and the end of what was found earlier. */
export const moot = (detail: string): Look => ({ ...unseen(detail), moot: true });

const PHASE: Record<ExtraKind, Phase> = { canary: "call", health_url: "health", session: "session" };

/** @param at when it was looked at, epoch milliseconds; null when it was not */
export function extraResult(
  check: { id: string; kind: ExtraKind; name: string },
  look: Look,
  at: number | null,
  seen: { step?: Step; latencyMs?: number | null } = {},
): ExtraResult {
  const reason = look.cause === null ? null : CAUSES[look.cause].reason;
  const wire: Evidence =
    seen.step === undefined ? {} : finding(reason ?? "canary_failed", seen.step, look.detail).evidence;
  return {
    id: check.id,
    kind: check.kind,
    name: cleanText(check.name, 120),
    status: reason === null ? look.status : reasonRule(reason).status,
    reason,
    phase: look.moot === true ? null : PHASE[check.kind],
    evidence: {
      ...wire,
      ...(look.cause === null ? {} : { cause: look.cause }),
      detail: cleanText(look.detail, 300),
    },
    latencyMs: seen.latencyMs === undefined || seen.latencyMs === null ? null : Math.round(seen.latencyMs),
    at,
  };
}
