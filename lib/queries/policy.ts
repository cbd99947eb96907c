// Who is told what and when: the tenant's own policy, or the default drawn from its sinks.
import type { Tx } from "#lib/adapters/db";
import { defaultPolicy, policyStepsSchema, type PolicyStep, type SinkFacts } from "#lib/domain/policy";
import { sinks } from "./sinks.ts";

export interface PolicyNow {
  name: string;
  steps: PolicyStep[];
  /** null: nobody has set one, the default holds and follows the sinks. */
  updatedAt: number | null;
  sinks: (SinkFacts & { tells: string })[];
}

export async function policyNow(tx: Tx): Promise<PolicyNow> {
  const facts = (await sinks(tx)).map((s) => ({
    id: s.id,
    name: s.name,
    kind: s.kind,
    enabled: s.enabled,
    proven: s.provenAt !== null,
    wakes: s.wakes,
    acknowledge: s.capabilities?.acknowledge ?? false,
    tells: s.tells,
  }));
  const row = await tx.policy.findFirst({ where: { isDefault: true } });
  const stored = policyStepsSchema.safeParse(row?.steps);
  if (row !== null && stored.success)
    return { name: row.name, steps: stored.data, updatedAt: row.updatedAt.getTime(), sinks: facts };
  const { name, steps } = defaultPolicy(facts);
  return { name, steps, updatedAt: null, sinks: facts };
}
