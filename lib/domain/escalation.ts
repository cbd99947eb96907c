// One step of a policy: who of its targets is told now, and why each other is not. And when the next one comes.
// After the last step come the repeat rounds: they count on as steps, and tell again whoever a sink can wake.
import type { StepAnswer } from "./event.ts";
import type { Policy, PolicyStep, SinkFacts } from "./policy.ts";
import type { Severity } from "./reason.ts";
import { type Moment, NO_ROSTER, reach } from "./roster.ts";

const MINUTE_MS = 60_000;
const NOWHEN: Moment = { roster: NO_ROSTER, at: 0 };

/**
 * @param told ids of sinks that have a trigger of this incident already
 * @param when whom people and schedules stand for; not needed where all targets are sinks
 */
export function takeStep(
  step: Pick<PolicyStep, "targets">,
  severity: Severity,
  sinks: readonly SinkFacts[],
  told: ReadonlySet<string>,
  when: Moment = NOWHEN,
): StepAnswer[] {
  const answers = new Map<string, StepAnswer>();
  const put = (key: string, next: StepAnswer) => {
    // Named twice in one step, a sink is told once: the line that lets it through wins.
    const had = answers.get(key)?.answer;
    if (had !== "told" && (had !== "already_told" || next.answer === "told")) answers.set(key, next);
  };
  for (const target of step.targets) {
    const found = reach(target, when);
    if ("end" in found) {
      // Nobody behind a line that would not have counted is no news.
      if (target.severities.includes(severity))
        put(`${found.end} ${found.name}`, { sinkId: "", sinkName: found.name, answer: found.end });
      continue;
    }
    for (const sinkId of found.sinkIds) {
      const sink = sinks.find((s) => s.id === sinkId);
      const sinkName = sink?.name ?? "a removed sink";
      const answer = !sink
        ? "sink_removed"
        : !target.severities.includes(severity)
          ? "severity_not_for_sink"
          : told.has(sinkId)
            ? "already_told"
            : !sink.enabled
              ? "sink_disabled"
              : !sink.proven
                ? "sink_unproven"
                : "told";
      put(sinkId, { sinkId, sinkName, answer, ...(found.via === null ? {} : { via: found.via }) });
    }
  }
  return [...answers.values()];
}

const repeats = (policy: Policy): number => (policy.steps.length === 0 ? 0 : (policy.repeat ?? 0));

/** Steps and repeat rounds together. */
export const stepCount = (policy: Policy): number => policy.steps.length + repeats(policy);

/** Which repeat round step `index` is: 0 for a step of the policy itself. */
export const roundOf = (policy: Policy, index: number): number => Math.max(0, index - policy.steps.length + 1);

/** Minutes after the first step could be taken. @returns null when there is no such step */
export function afterMinutesOf(policy: Policy, index: number): number | null {
  if (index >= stepCount(policy)) return null;
  const last = policy.steps.at(-1)?.afterMinutes ?? 0;
  const round = roundOf(policy, index);
  return round === 0 ? (policy.steps[index]?.afterMinutes ?? null) : last + round * (policy.repeatMinutes ?? 15);
}

/** What step `index` does at a moment, repeat rounds included. Empty when there is no such step. */
export function takeNth(
  policy: Policy,
  index: number,
  severity: Severity,
  sinks: readonly SinkFacts[],
  told: ReadonlySet<string>,
  when: Moment = NOWHEN,
): StepAnswer[] {
  if (index >= stepCount(policy)) return [];
  const step = policy.steps[index];
  if (step !== undefined) return takeStep(step, severity, sinks, told, when);
  const wakes = new Set(sinks.filter((s) => s.wakes && s.enabled && s.proven).map((s) => s.id));
  // Whoever is on call by now is told too, though an earlier one was told before.
  return takeStep({ targets: policy.steps.flatMap((s) => s.targets) }, severity, sinks, told, when).map((a) =>
    a.answer === "already_told" && wakes.has(a.sinkId) ? { ...a, answer: "told_again" as const } : a,
  );
}

/**
 * When step `next` is due, given when the one before it was planned: the distance between two steps is the policy's,
 * whenever the first was taken (an incident may start to tell at the end of a silence).
 * @returns null when there is no such step
 */
export function nextStepAt(policy: Policy, next: number, previousAt: Date): Date | null {
  const after = afterMinutesOf(policy, next);
  if (after === null) return null;
  const before = next === 0 ? 0 : (afterMinutesOf(policy, next - 1) ?? 0);
  return new Date(previousAt.getTime() + (after - before) * MINUTE_MS);
}

const WORDS: Record<StepAnswer["answer"], (names: string) => string> = {
  told: (names) => `telling ${names}`,
  told_again: (names) => `still open, telling ${names} again`,
  already_told: (names) => `${names} already told`,
  severity_not_for_sink: (names) => `${names} not for this severity`,
  sink_disabled: (names) => `${names} disabled`,
  sink_unproven: (names) => `${names} not proven to be yours`,
  sink_removed: () => "a removed sink",
  nobody_on_call: (names) => `nobody on call in ${names}`,
  no_contact: (names) => `no way to reach ${names}`,
  person_gone: (names) => names,
  schedule_removed: () => "a removed schedule",
};

const named = ({ sinkName, via, answer }: StepAnswer): string =>
  via !== undefined && (answer === "told" || answer === "told_again") ? `${sinkName} (${via})` : sinkName;

/** "Step 2 of 3 (after 5 min): telling PagerDuty; Slack already told." @param round of a repeat round its number */
export function describeStep(
  index: number,
  of: number,
  afterMinutes: number,
  answers: readonly StepAnswer[],
  round = 0,
): string {
  const parts = (Object.keys(WORDS) as StepAnswer["answer"][]).flatMap((answer) => {
    const names = answers.filter((a) => a.answer === answer).map(named);
    return names.length === 0 ? [] : [WORDS[answer](names.join(", "))];
  });
  const when = afterMinutes === 0 ? "at once" : `after ${afterMinutes} min`;
  const which = round > 0 ? `Repeat ${round}` : `Step ${index + 1} of ${of}`;
  return `${which} (${when}): ${parts.length === 0 ? "it has no targets" : parts.join("; ")}.`;
}
