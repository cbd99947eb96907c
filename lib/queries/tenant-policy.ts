// The tenant's policies in their order, the default last; drawn from its sinks where nobody has set one.
import type { Tx } from "#lib/adapters/db";
import { choose, type Matchable, matchersSchema } from "#lib/domain/matcher";
import { defaultPolicy, type ListedPolicy, policyStepsSchema, type SinkFacts } from "#lib/domain/policy";

interface Row {
  id: string;
  name: string;
  steps: unknown;
  matchers: unknown;
  repeat: number;
  repeat_minutes: number;
  is_default: boolean;
}

export async function tenantPolicies(tx: Tx, sinks: readonly SinkFacts[]): Promise<ListedPolicy[]> {
  const rows = await tx.$queryRaw<Row[]>`
    SELECT id, name, steps, matchers, repeat, repeat_minutes, is_default FROM policy
    WHERE tenant_id = app.tenant() AND removed_at IS NULL ORDER BY is_default, position, id`;
  const read = rows.flatMap((row) => {
    const [steps, matchers] = [policyStepsSchema.safeParse(row.steps), matchersSchema.safeParse(row.matchers)];
    // A stored policy that does not parse must not silence the tenant: the next one that matches holds.
    if (!steps.success || !matchers.success) return [];
    const { id, name, repeat, repeat_minutes: repeatMinutes, is_default: isDefault } = row;
    return [
      { id, name, repeat, repeatMinutes, isDefault, steps: steps.data, matchers: isDefault ? [] : matchers.data },
    ];
  });
  if (read.some((p) => p.isDefault)) return read;
  return [...read, { ...defaultPolicy(sinks), id: null, isDefault: true, matchers: [] }];
}

/** The one that holds for this. */
export async function policyFor(tx: Tx, sinks: readonly SinkFacts[], of: Matchable): Promise<ListedPolicy> {
  const all = await tenantPolicies(tx, sinks);
  return choose(all, of) ?? { ...defaultPolicy(sinks), id: null, isDefault: true, matchers: [] };
}
