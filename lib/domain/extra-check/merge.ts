// What extra checks do to a region's outcome: a failing one makes a server that works degraded, and nothing else. PURE.
import type { ExtraResult, Outcome } from "../outcome.ts";

type Judged = Pick<Outcome, "status" | "reason" | "phase" | "evidence">;

/**
 * The server's own failure outweighs them, and where it could not be looked at, they say nothing of it either. What is
 * unknown of an extra check is never green and makes no server unknown.
 */
export function withExtras<T extends Judged>(outcome: T, extras: readonly ExtraResult[]): T {
  if (outcome.status !== "up") return outcome;
  const failing = extras.find((e) => e.status === "degraded" || e.status === "down");
  if (failing === undefined) return outcome;
  const detail = `${failing.name}: ${failing.evidence.detail ?? ""}`.slice(0, 300).toWellFormed();
  return {
    ...outcome,
    status: "degraded",
    reason: failing.reason,
    phase: failing.phase,
    evidence: { ...failing.evidence, detail },
  };
}
