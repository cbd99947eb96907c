// The tenant's policies in their order, the default last; drawn from its sinks where nobody has set one.
import type { Tx } from "#lib/adapters/db";
import { choose, type Matchable, matchersSchema } from "#lib/domain/matcher";
import { factsOf, type SinkFactsRow } from "./sink-facts.ts";
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
  return policiesOf(
    await tx.$queryRaw<Row[]>`
    SELECT id, name, steps, matchers, repeat, repeat_minutes, is_default FROM policy
    WHERE tenant_id = app.tenant() AND removed_at IS NULL ORDER BY is_default, position, id`,
    sinks,
  );
}

function policiesOf(rows: readonly Row[], sinks: readonly SinkFacts[]): ListedPolicy[] {
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

/** The tenant's sinks and the policy that holds for this, in one question: it is asked on the way to every first page. */
export async function routing(tx: Tx, of: Matchable): Promise<{ sinks: SinkFacts[]; policy: ListedPolicy }> {
  const [row] = await tx.$queryRaw<{ sinks: SinkFactsRow[] | null; policies: Row[] | null }[]>`
    SELECT (SELECT jsonb_agg(s ORDER BY s.created_at, s.id) FROM (SELECT id, name, kind, config, state, proven_at IS NOT NULL AS proven, created_at
        FROM sink WHERE removed_at IS NULL AND tenant_id = app.tenant()) s) AS sinks,
      (SELECT jsonb_agg(p ORDER BY p.is_default, p.position, p.id) FROM (SELECT id, name, steps, matchers, repeat, repeat_minutes, is_default, position
        FROM policy WHERE tenant_id = app.tenant() AND removed_at IS NULL) p) AS policies`;
  const sinks = factsOf(row?.sinks ?? []);
  const policies = policiesOf(row?.policies ?? [], sinks);
  return {
    sinks,
    policy: choose(policies, of) ?? { ...defaultPolicy(sinks), id: null, isDefault: true, matchers: [] },
  };
}
