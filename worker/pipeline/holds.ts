// What holds an incident back, in this order, and nothing else: the first rule that holds decides. A held incident is
// listed with its reason, its next step waits until then, and the rules are asked again: nothing is held for good.
import type { Tx } from "#lib/adapters/db";
import type { Incident } from "#lib/commands/incident/row";
import type { EventDraft } from "#lib/domain/event";
import { byBudget } from "./budget.ts";
import { byCluster } from "./cluster.ts";
import { hold } from "./silences.ts";
import { byStorm } from "./storm.ts";
import { byPlan } from "./windows.ts";

export type HoldKind = "silence" | "window" | "storm" | "cluster" | "budget";

export interface Hold {
  kind: HoldKind;
  /** What holds it: the silence, the storm's incident, the cluster. */
  ref: string | null;
  /** When the rules are asked again. */
  until: Date;
  /** What is said on the timeline when it begins. */
  said: EventDraft;
}

export interface HoldAsk {
  tx: Tx;
  tenantId: string;
  incident: Incident;
  now: Date;
  /** End of the certificate that was shown, epoch ms, where one was looked at just now. */
  certificateEnds?: number | null;
}

export type HoldRule = (ask: HoldAsk) => Promise<Hold | null>;

export const HOLDS: readonly HoldRule[] = [byPlan, byStorm, byCluster, byBudget];

export async function holdNow(ask: HoldAsk): Promise<Hold | null> {
  for (const rule of HOLDS) {
    const held = await rule(ask);
    if (held !== null) return held;
  }
  return null;
}

/** Writes it down on the incident, where it is open, and in the list of what was held back; its next step waits. */
export async function holdBack(tx: Tx, incidentId: string, { kind, ref, until }: Hold, now: Date): Promise<void> {
  await tx.$executeRaw`WITH held AS (UPDATE incident SET held_by = ${kind}, held_ref = ${ref}, next_step_at = ${until}, silence_id = NULL
      WHERE tenant_id = app.tenant() AND id = ${incidentId}::uuid AND state = 'open' RETURNING tenant_id, id)
    INSERT INTO held_back AS b (tenant_id, incident_id, kind, ref, at, until)
    SELECT tenant_id, id, ${kind}::text, coalesce(${ref}::text, ''), ${now}::timestamptz, ${until}::timestamptz FROM held
    ON CONFLICT (tenant_id, incident_id, kind, ref) DO UPDATE SET until = EXCLUDED.until`;
  if (kind === "silence" && ref !== null) await hold(tx, incidentId, { id: ref, endsAt: until });
}
