// A drill of one cause over many tenants: the installation's own server fails, and with it tenants that are made up. PURE.
import type { DrillSteps, SinkHeard } from "./drill.ts";

/** A name that can be nobody's: reserved, and with the drill's id in it. */
export const drillHost = (drillId: string): string => `${drillId}.drill.invalid`;
export const drillCause = (drillId: string): string => `host:${drillHost(drillId)}`;

/** So long at most until the made-up outage is over. */
export const DRILL_OUTAGE_MS = 60_000;

export const drillClusterSentence = (tenants: number): string =>
  `A drill: ${tenants} made-up tenants fail for one cause together with one made-up server; no real tenant is concerned.`;

export interface ClusterSeen {
  opened: boolean;
  /** What held the made-up server's incident back, of all that ever did. */
  heldBy: readonly string[];
  /** The operators' incident opened. */
  noticed: boolean;
  ended: boolean;
  /** Of the operators' incident and of the digest. */
  heard: readonly SinkHeard[];
}

/** @returns what was missing, a sentence each; none: it passed */
export function missingOfCluster(steps: DrillSteps, seen: ClusterSeen): string[] {
  if (steps.injected === undefined) return ["The worker did not put the made-up failure in: see that it runs."];
  const missing: string[] = [];
  if (steps.sealed === undefined) missing.push("The slot was not sealed: see Redis and the worker's duty seal.");
  if (!seen.opened) return [...missing, "No incident opened: see the worker's duty decide."];
  for (const kind of seen.heldBy.filter((k) => k !== "cluster"))
    missing.push(`A ${kind} held it back: run the drill when nothing else holds.`);
  if (!seen.heldBy.includes("cluster"))
    return [
      ...missing,
      "It was not held as a wider outage: the operators have no sink that can be told, or it was not counted.",
    ];
  if (!seen.noticed) missing.push("The operators' incident did not open: see the worker's duty clusters.");
  const triggers = seen.heard.filter((h) => h.kind === "trigger");
  if (steps.told === undefined) missing.push("No sink of the operators took the notice, so nobody would have known.");
  else if (!triggers.some((t) => t.wakes && t.state === "sent"))
    missing.push("No sink that wakes somebody took it: at night nobody would have known.");
  for (const h of seen.heard.filter((one) => one.state === "dead" || one.state === "pending" || one.state === "leased"))
    missing.push(`${h.name} did not take the ${h.kind}${h.reason === "" ? "." : `: ${h.reason}`}`);
  if (steps.digest === undefined) missing.push("The digest of what was held was not delivered.");
  if (!seen.ended)
    missing.push("The wider outage did not end with the last made-up failure: see the worker's duty clusters.");
  if (steps.told !== undefined && steps.cleared === undefined) missing.push("Not every all-clear was delivered.");
  return missing;
}
