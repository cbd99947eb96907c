// A drill: made-up servers fail at the probe end, and what becomes of them is compared with what should. PURE.
export const FLAVOURS = ["single_tenant", "budget", "cluster"] as const;
export type Flavour = (typeof FLAVOURS)[number];

/** In the order in which a drill comes to them. */
export const DRILL_STEPS = ["injected", "sealed", "decided", "told", "acknowledged", "recovered", "cleared"] as const;
/** Of a used-up budget nobody has to acknowledge anything. */
export const BUDGET_STEPS = [
  ...(["injected", "sealed", "decided", "told", "held", "recovered", "cleared", "digest"] as const),
] as const;
/** Of one cause over many tenants. */
export const CLUSTER_STEPS = [
  ...(["injected", "sealed", "decided", "held", "noticed", "told", "digest", "recovered", "cleared"] as const),
] as const;
export type DrillStep = (typeof DRILL_STEPS | typeof BUDGET_STEPS | typeof CLUSTER_STEPS)[number];
/** Epoch milliseconds of each that was reached. */
export type DrillSteps = Partial<Record<DrillStep, number>>;

export const STEP_WORDS: Record<DrillStep, string> = {
  injected: "A made-up failure was put in where probes put theirs",
  sealed: "Its slot was sealed",
  decided: "An incident opened",
  told: "A sink took the first notice",
  acknowledged: "Somebody acknowledged",
  recovered: "A made-up recovery was put in",
  cleared: "The all-clear was delivered",
  held: "What was not to be told one by one was held back",
  noticed: "One incident opened for the operators",
  digest: "The digest of what was held was delivered",
};

export const STEPS_OF: Record<Flavour, readonly DrillStep[]> = {
  single_tenant: DRILL_STEPS,
  budget: BUDGET_STEPS,
  cluster: CLUSTER_STEPS,
};
export const ALL_STEPS: readonly DrillStep[] = [...new Set([...DRILL_STEPS, ...BUDGET_STEPS, ...CLUSTER_STEPS])];

/** So long people have to acknowledge; then the made-up server recovers by itself. */
export const DRILL_ANSWER_MS = 10 * 60_000;
/** Whatever is missing then is missing. */
export const DRILL_ENDS_MS = 15 * 60_000;
/** A second drill waits so long, so that nobody is woken twice for one lesson. */
export const DRILL_EVERY_MS = 30 * 86_400_000;

/** As stored; what this version cannot read was not reached. */
export function storedSteps(raw: unknown): DrillSteps {
  const given = typeof raw === "object" && raw !== null ? (raw as Record<string, unknown>) : {};
  return Object.fromEntries(
    ALL_STEPS.flatMap((step) =>
      Object.hasOwn(given, step) && typeof given[step] === "number" ? [[step, given[step]]] : [],
    ),
  );
}

export interface SinkHeard {
  name: string;
  wakes: boolean;
  kind: string;
  state: string;
  reason: string;
}

/** @param heard every delivery of the drill's incident. @returns what was missing, a sentence each; none: it passed */
export function missingOf(steps: DrillSteps, heard: readonly SinkHeard[]): string[] {
  const missing: string[] = [];
  const has = (step: DrillStep) => steps[step] !== undefined;
  if (!has("injected")) return ["The worker did not put the made-up failure in: see that it runs."];
  if (!has("sealed")) missing.push("The slot was not sealed: see Redis and the worker's duty seal.");
  if (!has("decided")) return [...missing, "No incident opened: see the worker's duty decide."];
  const triggers = heard.filter((h) => h.kind === "trigger");
  if (!has("told"))
    missing.push(
      triggers.length === 0
        ? "Nobody was to be told: the routes name no sink that can be."
        : "No sink took the notice, so nobody would have known.",
    );
  if (triggers.length > 0 && !triggers.some((t) => t.wakes && t.state === "sent"))
    missing.push("No sink that wakes somebody took it: at night nobody would have known.");
  for (const h of heard.filter((one) => one.state === "dead" || one.state === "pending" || one.state === "leased"))
    missing.push(`${h.name} did not take the ${h.kind}${h.reason === "" ? "." : `: ${h.reason}`}`);
  if (!has("acknowledged")) missing.push("Nobody acknowledged within ten minutes.");
  if (has("told") && !has("cleared")) missing.push("The all-clear was not delivered.");
  return missing;
}

/** @param lastPassed epoch milliseconds, null where none ever did. @returns when the next one is due; null: now */
export const nextDrillDue = (lastPassed: number | null): number | null =>
  lastPassed === null ? null : lastPassed + DRILL_EVERY_MS;
