// The end of an incident, by the pipeline or by hand: whoever was told hears of it, whoever was not is left alone.
import type { Tx } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import { draft } from "#lib/domain/event";
import type { Incident } from "./row.ts";
import { takeBackUntold, tell } from "./tell.ts";
import { writeTimeline } from "./timeline.ts";

export interface Closing {
  tenantId: string;
  now: Date;
  /** Why, one sentence. */
  sentence: string;
  /** Set when a person closed it. */
  by?: { id: string; name: string };
}

/** @returns false when somebody else resolved it first: then nothing was changed */
export async function closeIncident(tx: Tx, incident: Incident, closing: Closing): Promise<boolean> {
  const { tenantId, now, by } = closing;
  const changed =
    await tx.$executeRaw`UPDATE incident SET state = 'resolved', resolved_at = ${now}, resolved_by = ${by?.id ?? null}::uuid, next_step_at = NULL
    WHERE tenant_id = app.tenant() AND id = ${incident.id}::uuid AND state <> 'resolved'`;
  if (changed === 0) return false;
  const of = { tenantId, incidentId: incident.id, ...(by === undefined ? {} : { actorId: by.id }) };
  await writeTimeline(tx, of, [draft(by === undefined ? "resolved" : "resolved_by_hand", closing.sentence)], now);
  const told = await takeBackUntold(tx, tenantId, incident.id, "The incident was resolved before this was sent.", now);
  await tell(tx, tenantId, incident, "resolve", told, now, by?.name);
  await liveHint(tx, { tenant: tenantId, what: "incident", id: incident.id });
  return true;
}
