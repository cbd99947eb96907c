// The tenant's policy, or the default made from its sinks when it has set none.
import type { Tx } from "#lib/adapters/db";
import { defaultPolicy, type Policy, policyStepsSchema, type SinkFacts } from "#lib/domain/policy";

export async function tenantPolicy(tx: Tx, sinks: readonly SinkFacts[]): Promise<Policy> {
  const rows = await tx.$queryRaw<{ name: string; steps: unknown }[]>`
    SELECT name, steps FROM policy WHERE is_default AND tenant_id = app.tenant() LIMIT 1`;
  const row = rows[0];
  if (!row) return defaultPolicy(sinks);
  const steps = policyStepsSchema.safeParse(row.steps);
  // A stored policy that does not parse must not silence the tenant: the default tells everybody.
  return steps.success ? { name: row.name, steps: steps.data } : defaultPolicy(sinks);
}
