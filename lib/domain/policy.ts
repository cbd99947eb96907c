// Who is told what and when. Frozen on the incident when it opens: a change made during an outage holds for the next.
import { z } from "zod";
import { SEVERITIES, type Severity } from "./reason.ts";
import { takeStep } from "./escalation.ts";
import type { StepAnswer } from "./event.ts";

/** A sink as routing sees it: no address, no secret. */
export interface SinkFacts {
  id: string;
  name: string;
  kind: string;
  enabled: boolean;
  /** Somebody has shown that the sink is this tenant's; nothing else is delivered to one that is not. */
  proven: boolean;
  /** Wakes a person (phone-grade). */
  wakes: boolean;
  /** Can show that somebody acknowledged. */
  acknowledge: boolean;
}

const target = z.strictObject({
  sinkId: z.uuid("Choose a sink."),
  severities: z.array(z.enum(SEVERITIES)).min(1, "Choose at least one severity.").max(4),
});
const step = z.strictObject({
  afterMinutes: z.number().int().min(0).max(1440, "A step comes within a day."),
  targets: z.array(target).max(50),
});
export const policyStepsSchema = z
  .array(step)
  .min(1, "A policy has at least one step.")
  .max(10, "A policy has at most ten steps.")
  .refine(
    (steps) => steps.every((s, i) => i === 0 || s.afterMinutes > (steps[i - 1]?.afterMinutes ?? 0)),
    "Each step comes later than the one before.",
  );

export type PolicyStep = z.infer<typeof step>;
export interface Policy {
  name: string;
  steps: PolicyStep[];
}

/** As stored on an incident; one that this version cannot read holds no steps. */
export function frozenPolicy(stored: unknown): Policy {
  const parsed = z.object({ name: z.string(), steps: policyStepsSchema }).safeParse(stored);
  return parsed.success ? parsed.data : { name: "unreadable policy", steps: [] };
}

export function freeze(policy: Policy): Policy {
  return structuredClone({ name: policy.name, steps: policy.steps });
}

/**
 * Of a tenant that has not set one: everything that does not wake at once for P1 to P3, what wakes at once for P1 and
 * after five minutes for P2, and after fifteen everyone who can reach a person.
 */
export function defaultPolicy(sinks: readonly SinkFacts[]): Policy {
  const waking = sinks.filter((s) => s.wakes);
  const quiet = sinks.filter((s) => !s.wakes);
  const reaching = [...waking, ...sinks.filter((s) => s.kind === "email")];
  const to = (list: readonly SinkFacts[], severities: Severity[]) => list.map((s) => ({ sinkId: s.id, severities }));
  return {
    name: "Default policy",
    steps: [
      { afterMinutes: 0, targets: [...to(quiet, ["P1", "P2", "P3"]), ...to(waking, ["P1"])] },
      { afterMinutes: 5, targets: to(waking, ["P1", "P2"]) },
      { afterMinutes: 15, targets: to(reaching, ["P1", "P2"]) },
    ],
  };
}

export interface Explained {
  severity: Severity;
  /** Each step with what it would do for each of its targets. */
  steps: { afterMinutes: number; answers: StepAnswer[] }[];
  warnings: string[];
}

/** The preview: who would be told what and when, if nobody acknowledges, and where the gaps are. */
export function explain(policy: Policy, severity: Severity, sinks: readonly SinkFacts[]): Explained {
  const told = new Set<string>();
  const steps =
    severity === "P4"
      ? []
      : policy.steps.map((s) => {
          const answers = takeStep(s, severity, sinks, told);
          for (const a of answers) if (a.answer === "told") told.add(a.sinkId);
          return { afterMinutes: s.afterMinutes, answers };
        });
  return { severity, steps, warnings: gaps(policy, severity, sinks, told, steps) };
}

function gaps(
  policy: Policy,
  severity: Severity,
  sinks: readonly SinkFacts[],
  told: ReadonlySet<string>,
  steps: Explained["steps"],
): string[] {
  if (severity === "P4") return ["P4 is written down and told to nobody."];
  const warnings: string[] = [];
  const urgent = severity === "P1" || severity === "P2";
  const wakers = sinks.filter((s) => told.has(s.id) && s.wakes);
  if (told.size === 0)
    warnings.push(
      sinks.length === 0 ? "There is no sink yet: nobody would be told." : `Nobody would be told of a ${severity}.`,
    );
  if (told.size > 0 && severity === "P1" && !steps[0]?.answers.some((a) => a.answer === "told"))
    warnings.push("Nobody is told of a P1 at once: the first step that tells somebody comes later.");
  if (told.size > 0 && urgent && wakers.length === 0)
    warnings.push(`No sink that wakes somebody is told of a ${severity}: a message may lie unread.`);
  if (urgent && wakers.length === 1)
    warnings.push("No second person: if the first does not answer, nobody else is woken.");
  const known = new Map(sinks.map((s) => [s.id, s]));
  const targets = new Set(policy.steps.flatMap((s) => s.targets.map((t) => t.sinkId)));
  for (const id of targets) {
    const sink = known.get(id);
    if (!sink) warnings.push("A step names a sink that was removed.");
    else if (!sink.enabled) warnings.push(`${sink.name} is disabled and would not be told.`);
    else if (!sink.proven) warnings.push(`${sink.name} is not proven to be yours and would not be told.`);
  }
  for (const sink of sinks) if (sink.enabled && !targets.has(sink.id)) warnings.push(`No step tells ${sink.name}.`);
  return [...new Set(warnings)];
}
