// A drill of the budget: more made-up servers fail at once than may be told of, and one more that is graver. PURE.
import type { DrillSteps, SinkHeard } from "./drill.ts";

/** What a drill may tell of: the smallest tier's budget, so that a drill of a large tenant is no flood of its own. */
export const DRILL_BUDGET = 6;
/** So many are above it and are to be held. */
export const DRILL_OVER = 2;
/** All but the last fail as a P2 does; the last as a P1, which the budget lets pass. */
export const BUDGET_SERVERS = DRILL_BUDGET + DRILL_OVER + 1;
/** A drill's hour: what is held waits so long for its digest. */
export const DRILL_HOUR_MS = 2 * 60_000;

export interface MadeUp {
  /** The one that the budget has to let pass. */
  grave: boolean;
  told: boolean;
  /** What held its notices back, of all that ever did. */
  heldBy: readonly string[];
}

/**
 * @param made one for each incident that opened @param heard every delivery, those of the digest included
 * @returns what was missing, a sentence each; none: it passed
 */
export function missingOfBudget(steps: DrillSteps, made: readonly MadeUp[], heard: readonly SinkHeard[]): string[] {
  if (steps.injected === undefined) return ["The worker did not put the made-up failures in: see that it runs."];
  const missing: string[] = [];
  if (steps.sealed === undefined) missing.push("A slot was not sealed: see Redis and the worker's duty seal.");
  if (made.length < BUDGET_SERVERS)
    missing.push(`${made.length} of ${BUDGET_SERVERS} incidents opened: see the worker's duty decide.`);
  const usual = made.filter((m) => !m.grave);
  const told = usual.filter((m) => m.told).length;
  if (told !== DRILL_BUDGET) missing.push(`${told} were told of one by one, and it should have been ${DRILL_BUDGET}.`);
  const held = usual.filter((m) => m.heldBy.includes("budget")).length;
  if (held !== DRILL_OVER) missing.push(`${held} were held by the budget, and it should have been ${DRILL_OVER}.`);
  const others = new Set(made.flatMap((m) => m.heldBy).filter((kind) => kind !== "budget"));
  for (const kind of others) missing.push(`A ${kind} held some of it back: run the drill when nothing else holds.`);
  if (made.some((m) => m.grave && !m.told))
    missing.push("The P1 was not told: the budget has to let a P1 of its own pass.");
  if (steps.told === undefined) missing.push("No sink took a notice, so nobody would have known.");
  for (const h of heard.filter((one) => one.state === "dead" || one.state === "pending" || one.state === "leased"))
    missing.push(`${h.name} did not take the ${h.kind}${h.reason === "" ? "." : `: ${h.reason}`}`);
  if (steps.told !== undefined && steps.cleared === undefined) missing.push("Not every all-clear was delivered.");
  if (held > 0 && !heard.some((h) => h.kind === "digest"))
    missing.push("No digest of what was held went out: the routes name no sink that can be told.");
  else if (held > 0 && steps.digest === undefined) missing.push("The digest of what was held was not delivered.");
  return [...new Set(missing)];
}
