// One step of a policy: who of its targets is told now, and why each other is not. And when the next one comes.
import type { StepAnswer } from "./event.ts";
import type { Policy, PolicyStep, SinkFacts } from "./policy.ts";
import type { Severity } from "./reason.ts";

const MINUTE_MS = 60_000;

/** @param told ids of sinks that have a trigger of this incident already */
export function takeStep(
  step: PolicyStep,
  severity: Severity,
  sinks: readonly SinkFacts[],
  told: ReadonlySet<string>,
): StepAnswer[] {
  const answers = new Map<string, StepAnswer>();
  for (const { sinkId, severities } of step.targets) {
    const sink = sinks.find((s) => s.id === sinkId);
    const sinkName = sink?.name ?? "a removed sink";
    const answer = !sink
      ? "sink_removed"
      : !severities.includes(severity)
        ? "severity_not_for_sink"
        : told.has(sinkId)
          ? "already_told"
          : !sink.enabled
            ? "sink_disabled"
            : !sink.proven
              ? "sink_unproven"
              : "told";
    // Named twice in one step, a sink is told once: the line that lets it through wins.
    if (answers.get(sinkId)?.answer !== "told") answers.set(sinkId, { sinkId, sinkName, answer });
  }
  return [...answers.values()];
}

/**
 * When step `next` is due, given when the one before it was planned: the distance between two steps is the policy's,
 * whenever the first was taken (an incident may start to tell at the end of a silence).
 * @returns null when there is no such step
 */
export function nextStepAt(policy: Policy, next: number, previousAt: Date): Date | null {
  const step = policy.steps[next];
  if (!step) return null;
  const before = next === 0 ? 0 : (policy.steps[next - 1]?.afterMinutes ?? 0);
  return new Date(previousAt.getTime() + (step.afterMinutes - before) * MINUTE_MS);
}

const WORDS: Record<StepAnswer["answer"], (names: string) => string> = {
  told: (names) => `telling ${names}`,
  already_told: (names) => `${names} already told`,
  severity_not_for_sink: (names) => `${names} not for this severity`,
  sink_disabled: (names) => `${names} disabled`,
  sink_unproven: (names) => `${names} not proven to be yours`,
  sink_removed: () => "a removed sink",
};

/** "Step 2 of 3 (after 5 min): telling PagerDuty; Slack already told." */
export function describeStep(index: number, of: number, afterMinutes: number, answers: readonly StepAnswer[]): string {
  const parts = (Object.keys(WORDS) as StepAnswer["answer"][]).flatMap((answer) => {
    const names = answers.filter((a) => a.answer === answer).map((a) => a.sinkName);
    return names.length === 0 ? [] : [WORDS[answer](names.join(", "))];
  });
  const when = afterMinutes === 0 ? "at once" : `after ${afterMinutes} min`;
  return `Step ${index + 1} of ${of} (${when}): ${parts.length === 0 ? "it has no targets" : parts.join("; ")}.`;
}
