// Who would have been told of incidents that were held back: as their own policies say, of the sinks there are now.
import type { Tx } from "#lib/adapters/db";
import { explain } from "#lib/domain/explain";
import { frozenPolicy, type SinkFacts } from "#lib/domain/policy";
import type { Severity } from "#lib/domain/reason";
import { rosterFor } from "./roster.ts";
import { sinkFacts } from "./sink-facts.ts";

export interface Untold {
  id: string;
  severity: Severity;
  /** As frozen on the incident. */
  policy: unknown;
}

/** @returns by incident, the sinks of the first step that tells somebody; none where nobody would be told */
export async function wouldTell(tx: Tx, incidents: readonly Untold[], now: Date): Promise<Map<string, SinkFacts[]>> {
  const sinks = await sinkFacts(tx);
  const byId = new Map(sinks.map((s) => [s.id, s]));
  // Thousands share a few policies: each is explained once.
  const plans = new Map<string, SinkFacts[]>();
  const found = new Map<string, SinkFacts[]>();
  for (const { id, severity, policy } of incidents) {
    const key = `${severity} ${JSON.stringify(policy)}`;
    let told = plans.get(key);
    if (told === undefined) {
      const frozen = frozenPolicy(policy);
      const plan = explain(frozen, severity, sinks, { roster: await rosterFor(tx, frozen, now), at: now.getTime() });
      const first = plan.steps.find((s) => s.answers.some((a) => a.answer === "told"));
      const ids = new Set(first?.answers.flatMap((a) => (a.answer === "told" ? [a.sinkId] : [])));
      told = [...ids].flatMap((sinkId) => byId.get(sinkId) ?? []);
      plans.set(key, told);
    }
    found.set(id, told);
  }
  return found;
}
