// What holds an incident back, in this order, and nothing else: the first rule that holds decides. A held incident is
// listed with its reason, its next step waits until then, and the rules are asked again: nothing is held for good.
import type { Tx } from "#lib/adapters/db";
import type { Incident } from "#lib/commands/incident/row";
import type { EventDraft } from "#lib/domain/event";
import { hold, silenced, silenceNow } from "./silences.ts";

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
}

export type HoldRule = (ask: HoldAsk) => Promise<Hold | null>;

const bySilence: HoldRule = async ({ tx, incident, now }) => {
  const silence = await silenceNow(tx, incident.serverId, now);
  if (silence === null) return null;
  return { kind: "silence", ref: silence.id, until: silence.endsAt, said: silenced(silence) };
};

export const HOLDS: readonly HoldRule[] = [bySilence];

export async function holdNow(ask: HoldAsk): Promise<Hold | null> {
  for (const rule of HOLDS) {
    const held = await rule(ask);
    if (held !== null) return held;
  }
  return null;
}

/** Writes it down on the incident, where it is open; its next step waits. */
export async function holdBack(tx: Tx, incidentId: string, { kind, ref, until }: Hold): Promise<void> {
  await tx.$executeRaw`UPDATE incident SET held_by = ${kind}, held_ref = ${ref}, next_step_at = ${until}, silence_id = NULL
    WHERE tenant_id = app.tenant() AND id = ${incidentId}::uuid AND state = 'open'`;
  if (kind === "silence" && ref !== null) await hold(tx, incidentId, { id: ref, endsAt: until });
}
