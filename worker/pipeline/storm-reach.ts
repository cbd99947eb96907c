// Whom a storm tells. It holds nobody's page whose people it does not tell itself: where a tenant routes by server or by
// team, a storm of the default policy would swallow them.
import type { Incident } from "#lib/commands/incident/row";
import { type Telling, tellsAll } from "#lib/domain/coverage";
import { choose, type Matchable } from "#lib/domain/matcher";
import { frozenPolicy, type Policy } from "#lib/domain/policy";
import type { Reason, Severity } from "#lib/domain/reason";
import type { Weight } from "#lib/domain/severity";
import { causeTitle } from "#lib/domain/storm";
import { rosterFor } from "#lib/queries/roster";
import { sinkFacts } from "#lib/queries/sink-facts";
import { tenantPolicies } from "#lib/queries/tenant-policy";
import type { HoldAsk } from "./holds.ts";
import type { SharedCause } from "./shared.ts";

/** @returns who of them may belong to the storm, the incident itself among them; null where it may not */
export async function heardByStorm(
  { tx, incident, now }: HoldAsk,
  storm: Pick<SharedCause, "cause" | "stormId"> & { severity: Severity; reason: Reason },
  others: readonly { id: string; severity: Severity; policy: unknown }[],
): Promise<string[] | null> {
  const sinks = await sinkFacts(tx);
  const policies = await tenantPolicies(tx, sinks);
  const of = (who: Matchable): Policy => choose(policies, who) ?? { name: "", steps: [] };
  const [live] = await tx.$queryRaw<
    { policy: unknown }[]
  >`SELECT policy FROM incident WHERE tenant_id = app.tenant() AND id = ${storm.stormId}::uuid`;
  const { severity, reason, cause } = storm;
  const general = { kind: "storm", serverId: null, name: causeTitle(cause), weight: "own", labels: {} } as const;
  const by: Telling = { severity, policy: live ? frozenPolicy(live.policy) : of({ severity, reason, ...general }) };
  const hears = async (own: Telling) => {
    const both = { name: "", steps: [...by.policy.steps, ...own.policy.steps] };
    return tellsAll(by, own, sinks, { roster: await rosterFor(tx, both, now), at: now.getTime() });
  };
  if (!(await hears({ severity: incident.severity, policy: await ownPolicy(tx, incident, of) }))) return null;
  const may = [incident.id];
  // Many share a few policies: each is asked about once.
  const known = new Map<string, boolean>();
  for (const { id, severity: theirs, policy } of others) {
    const key = `${theirs} ${JSON.stringify(policy)}`;
    const heard = known.get(key) ?? (await hears({ severity: theirs, policy: frozenPolicy(policy) }));
    known.set(key, heard);
    if (heard) may.push(id);
  }
  return may;
}

/** As frozen, or where it opens just now, as it is about to be. */
async function ownPolicy(tx: HoldAsk["tx"], incident: Incident, of: (who: Matchable) => Policy): Promise<Policy> {
  const frozen = frozenPolicy(incident.policy);
  if (frozen.steps.length > 0) return frozen;
  const { severity, reason, subjectKind: kind, serverId, subjectName: name, labels } = incident;
  const [server] = await tx.$queryRaw<
    { weight: Weight }[]
  >`SELECT weight FROM server WHERE tenant_id = app.tenant() AND id = ${serverId}::uuid`;
  return of({ severity, reason, kind, serverId, name, labels, weight: server?.weight ?? "own" });
}
