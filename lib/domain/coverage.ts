// Does one policy tell everybody whom another would tell? Asked before an incident is told of by way of another one.
import { nextStepAt } from "./escalation.ts";
import { planFrom } from "./explain.ts";
import type { Policy, SinkFacts } from "./policy.ts";
import { SEVERITIES, type Severity } from "./reason.ts";
import type { Moment } from "./roster.ts";
import { isGraver } from "./severity.ts";

export interface Telling {
  policy: Policy;
  severity: Severity;
}

/** True when `by` tells every sink that `own` would, and no later; also if both become graver. @param when it begins */
export function tellsAll(by: Telling, own: Telling, sinks: readonly SinkFacts[], when: Moment): boolean {
  return SEVERITIES.filter((s) => !isGraver(own.severity, s)).every((severity) => {
    const heard = soonest(by.policy, isGraver(by.severity, severity) ? by.severity : severity, sinks, when);
    const wanted = soonest(own.policy, severity, sinks, when);
    return [...wanted].every(([sinkId, after]) => (heard.get(sinkId) ?? Number.POSITIVE_INFINITY) <= after);
  });
}

/** Sink to minutes after the beginning. */
function soonest(
  policy: Policy,
  severity: Severity,
  sinks: readonly SinkFacts[],
  { roster, at }: Moment,
): Map<string, number> {
  const found = new Map<string, number>();
  const dueAt = nextStepAt(policy, 0, new Date(at))?.getTime() ?? at;
  for (const { answers, afterMinutes } of planFrom(policy, severity, sinks, {
    next: 0,
    dueAt,
    told: new Set(),
    roster,
  }))
    for (const { answer, sinkId } of answers) if (answer === "told") found.set(sinkId, afterMinutes);
  return found;
}
