// What a region says of an extra check in one slot: the look just made, or what an earlier one is still worth. PURE.
import { cleanText } from "../text.ts";
import type { ExtraResult } from "../outcome.ts";
import { stillHolds } from "./due.ts";
import type { ExtraCheck } from "./index.ts";

export interface Planned {
  check: ExtraCheck;
  last: ExtraResult | null;
  due: boolean;
  /** Due, and no look is left today. */
  spent: boolean;
  /** Looks of this UTC day, with this one; null when none was counted now. */
  used: number | null;
}

const isBad = (r: ExtraResult | null) => r !== null && (r.status === "degraded" || r.status === "down");

/** @param fresh what the prober says of it in this slot, when it was asked to */
export function settled(planned: Planned, fresh: ExtraResult | null, intervalS: number, nowMs: number): ExtraResult {
  const { check, last, spent } = planned;
  const used = planned.used ?? last?.used;
  const counted = <T extends ExtraResult>(r: T): T => (used === undefined ? r : { ...r, used });
  if (fresh !== null && fresh.at !== null) {
    // By the clock of whoever asked: an agent's own may be wrong.
    const look = { ...lostOnce(fresh, last), at: nowMs };
    // Not having been able to look is no recovery; that there is nothing to look at any more (no phase) ends it.
    return counted(look.status === "unknown" && look.phase !== null && isBad(last) ? (last as ExtraResult) : look);
  }
  if (last !== null && isBad(last)) return counted(spent ? { ...last, evidence: said(last, SPENT(check)) } : last);
  if (spent) return counted(nothing(check, SPENT(check), last?.at ?? null));
  if (last !== null && stillHolds(last, check, intervalS, nowMs)) return counted(last);
  return counted(fresh ?? nothing(check, "It was not looked at yet.", last?.at ?? null));
}

const SPENT = (check: ExtraCheck) =>
  `Its ${check.callsPerDay} looks of today are spent; it is looked at again after midnight UTC.`;

const said = (r: ExtraResult, more: string) => ({
  ...r.evidence,
  detail: cleanText(`${r.evidence.detail ?? ""} ${more}`, 300),
});

/** A server may restart once and forget its sessions; twice in a row it forgets them. */
function lostOnce(fresh: ExtraResult, last: ExtraResult | null): ExtraResult {
  if (fresh.evidence.cause !== "session_not_held" || last?.evidence.cause === "session_not_held") return fresh;
  return {
    ...fresh,
    status: "unknown",
    reason: null,
    evidence: said(fresh, "Once may be a restart: the next one is held before this counts."),
  };
}

function nothing(check: ExtraCheck, detail: string, at: number | null): ExtraResult {
  const { id, kind, name } = check;
  return { id, kind, name, status: "unknown", reason: null, phase: null, evidence: { detail }, latencyMs: null, at };
}
