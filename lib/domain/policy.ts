// Who is told what and when. Frozen on the incident when it opens: a change made during an outage holds for the next.
import { z } from "zod";
import type { Matcher } from "./matcher.ts";
import { SEVERITIES, type Severity } from "./reason.ts";

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

const target = z
  .strictObject({
    sinkId: z.uuid("Choose a sink.").optional(),
    personId: z.uuid("Choose a person.").optional(),
    /** Whoever is on call there at the moment of the step. */
    scheduleId: z.uuid("Choose a schedule.").optional(),
    severities: z.array(z.enum(SEVERITIES)).min(1, "Choose at least one severity.").max(4),
  })
  .refine(
    (t) => [t.sinkId, t.personId, t.scheduleId].filter((id) => id !== undefined).length === 1,
    "Choose a sink, a person or a schedule.",
  );
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
  /** How often those who can be woken are told again after the last step, while nobody acknowledges; absent: never. */
  repeat?: number | undefined;
  /** How long after the last step, and after each other. */
  repeatMinutes?: number | undefined;
}
export const repeatSchema = z.coerce.number().int().min(0).max(3, "It is repeated three times at most.");
export const repeatMinutesSchema = z.coerce
  .number()
  .int()
  .min(5, "It is repeated after five minutes at the earliest.")
  .max(240, "It is repeated within four hours.");

/** A policy as it stands in the tenant's list. */
export interface ListedPolicy extends Policy {
  /** null: the default that nobody has set yet. */
  id: string | null;
  isDefault: boolean;
  matchers: Matcher[];
}

const frozenSchema = z.object({
  name: z.string(),
  steps: policyStepsSchema,
  repeat: repeatSchema.default(0),
  repeatMinutes: repeatMinutesSchema.default(15),
});

/** As stored on an incident; one that this version cannot read holds no steps. */
export function frozenPolicy(stored: unknown): Policy {
  const parsed = frozenSchema.safeParse(stored);
  return parsed.success ? parsed.data : { name: "unreadable policy", steps: [] };
}

export function freeze({ name, steps, repeat = 0, repeatMinutes = 15 }: Policy): Policy {
  return structuredClone({ name, steps, repeat, repeatMinutes });
}

/** Some target is somebody and not a sink: then it takes the people to know who is told. */
export const namesPeople = (policy: Policy): boolean =>
  policy.steps.some((s) => s.targets.some((t) => t.sinkId === undefined));

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
