// The preview: who would be told what and when, by the same steps that are taken when it happens, and where the gaps are.
import { afterMinutesOf, nextStepAt, roundOf, stepCount, takeNth } from "./escalation.ts";
import type { StepAnswer } from "./event.ts";
import { covers, neverMatches } from "./matcher.ts";
import type { ListedPolicy, Policy, PolicyStep, SinkFacts } from "./policy.ts";
import { SEVERITIES, type Severity } from "./reason.ts";
import { type Moment, NO_ROSTER, type Roster } from "./roster.ts";
import { isLogOnly } from "./severity.ts";

export interface Planned {
  /** Counted from 0, repeat rounds after the steps. */
  index: number;
  /** 0: a step of the policy itself. */
  round: number;
  afterMinutes: number;
  /** Epoch ms. */
  at: number;
  answers: StepAnswer[];
}

export interface Explained {
  severity: Severity;
  /** Each step with what it would do for each of its targets. */
  steps: Planned[];
  warnings: string[];
}

/** What is still to come, if nobody acknowledges and nothing changes. @param dueAt epoch ms of step `next` */
export function planFrom(
  policy: Policy,
  severity: Severity,
  sinks: readonly SinkFacts[],
  from: { next: number; dueAt: number; told: ReadonlySet<string>; roster: Roster },
): Planned[] {
  if (isLogOnly(severity)) return [];
  const told = new Set(from.told);
  const planned: Planned[] = [];
  let at = from.dueAt;
  for (let index = from.next; index < stepCount(policy); index++) {
    if (index > from.next) at = nextStepAt(policy, index, new Date(at))?.getTime() ?? at;
    const answers = takeNth(policy, index, severity, sinks, told, { roster: from.roster, at });
    for (const a of answers) if (a.answer === "told") told.add(a.sinkId);
    const afterMinutes = afterMinutesOf(policy, index) ?? 0;
    planned.push({ index, round: roundOf(policy, index), afterMinutes, at, answers });
  }
  return planned;
}

export interface Asked extends Moment {
  /** Sinks that another policy tells: that this one does not is no gap. */
  elsewhere?: ReadonlySet<string>;
}

/** @param when the moment it fires, and who there is; not needed where all targets are sinks */
export function explain(
  policy: Policy,
  severity: Severity,
  sinks: readonly SinkFacts[],
  when: Asked = { roster: NO_ROSTER, at: 0 },
): Explained {
  const { roster, at } = when;
  const first = nextStepAt(policy, 0, new Date(at))?.getTime() ?? at;
  const steps = planFrom(policy, severity, sinks, { next: 0, dueAt: first, told: new Set(), roster });
  return { severity, steps, warnings: gaps(policy, severity, sinks, when, steps) };
}

function gaps(
  policy: Policy,
  severity: Severity,
  sinks: readonly SinkFacts[],
  { roster, elsewhere }: Asked,
  steps: readonly Planned[],
): string[] {
  if (isLogOnly(severity)) return [`${severity} is written down and told to nobody.`];
  const warnings: string[] = [];
  const urgent = severity === "P1" || severity === "P2";
  const toldBy = steps.flatMap((s) => s.answers.filter((a) => a.answer === "told"));
  const wakes = new Set(sinks.filter((s) => s.wakes).map((s) => s.id));
  const woken = new Set(toldBy.filter((a) => wakes.has(a.sinkId)).map((a) => a.via?.split(",")[0] ?? a.sinkId));
  if (toldBy.length === 0)
    warnings.push(
      sinks.length === 0 ? "There is no sink yet: nobody would be told." : `Nobody would be told of a ${severity}.`,
    );
  if (toldBy.length > 0 && severity === "P1" && !steps[0]?.answers.some((a) => a.answer === "told"))
    warnings.push("Nobody is told of a P1 at once: the first step that tells somebody comes later.");
  if (toldBy.length > 0 && urgent && woken.size === 0)
    warnings.push(`No sink that wakes somebody is told of a ${severity}: a message may lie unread.`);
  if (urgent && woken.size === 1)
    warnings.push("No second person: if the first does not answer, nobody else is woken.");
  for (const { index, round, answers } of steps)
    for (const a of answers) {
      const where = round === 0 ? `step ${index + 1}` : `repeat ${round}`;
      if (a.answer === "nobody_on_call") warnings.push(`Nobody is on call in ${a.sinkName} at ${where}.`);
      if (a.answer === "no_contact") warnings.push(`${a.sinkName} has no contact and cannot be reached.`);
      if (a.answer === "person_gone") warnings.push("A step names somebody who has left or may not see this tenant.");
      if (a.answer === "schedule_removed") warnings.push("A step names a schedule that was removed.");
    }
  const known = new Map(sinks.map((s) => [s.id, s]));
  const targets = possible(policy, roster);
  const direct = possible({ ...policy, steps: policy.steps.map(withoutSchedules) }, roster);
  for (const id of new Set([...direct, ...steps.flatMap((s) => s.answers.map((a) => a.sinkId))])) {
    if (id === "") continue;
    const sink = known.get(id);
    if (!sink) warnings.push("A step names a sink that was removed.");
    else if (!sink.enabled) warnings.push(`${sink.name} is disabled and would not be told.`);
    else if (!sink.proven) warnings.push(`${sink.name} is not proven to be yours and would not be told.`);
  }
  for (const sink of sinks)
    if (sink.enabled && !targets.has(sink.id) && !elsewhere?.has(sink.id)) warnings.push(`No step tells ${sink.name}.`);
  return [...new Set(warnings)];
}

const withoutSchedules = (step: PolicyStep): PolicyStep => ({
  ...step,
  targets: step.targets.filter((t) => t.scheduleId === undefined),
});

/** Every sink that a policy may come to tell, whoever is on call. */
export function possible(policy: Policy, roster: Roster): Set<string> {
  const found = new Set<string>();
  for (const { sinkId, personId, scheduleId } of policy.steps.flatMap((s) => s.targets)) {
    if (sinkId !== undefined) found.add(sinkId);
    const people =
      personId !== undefined ? [roster.people.get(personId)] : scheduleId !== undefined ? roster.people.values() : [];
    for (const person of people) for (const id of person?.sinkIds ?? []) found.add(id);
  }
  return found;
}

/** What is wrong with the list as such: a policy that never holds, and a step that tells nobody. By the policy's place. */
export function listWarnings(
  policies: readonly ListedPolicy[],
  sinks: readonly SinkFacts[],
  servers: ReadonlySet<string>,
  when: Moment,
): string[][] {
  return policies.map((policy, i) => {
    const warnings: string[] = [];
    const never = neverMatches(policy.matchers, servers);
    if (never !== null) warnings.push(`It never matches: ${never}.`);
    const before = policies.slice(0, i).find((p) => covers(p.matchers, policy.matchers));
    if (before && !policy.isDefault)
      warnings.push(`It is never asked: "${before.name}" before it matches all of this.`);
    if (before && policy.isDefault) warnings.push(`The default is never asked: "${before.name}" matches everything.`);
    const plans = SEVERITIES.map((severity) => explain(policy, severity, sinks, when).steps);
    for (const index of policy.steps.keys())
      if (plans.every((plan) => !plan[index]?.answers.some((a) => a.answer === "told")))
        warnings.push(`Step ${index + 1} tells nobody whom an earlier one has not told.`);
    return warnings;
  });
}
