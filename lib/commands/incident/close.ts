// The end of an incident, by the pipeline or by hand: whoever was told hears of it, whoever was not is left alone.
import { type Tx, WORKER_ACTOR } from "#lib/adapters/db";
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
  /** Set when a person closed it; the id is null for somebody whom only a vendor knows. */
  by?: { id: string | null; name: string };
  /** The sink whose vendor shows it already, because it was done there: it is not told back. */
  shownAt?: string;
}

/** @returns false when somebody else resolved it first: then nothing was changed */
export async function closeIncident(tx: Tx, incident: Incident, closing: Closing): Promise<boolean> {
  const { tenantId, now, by } = closing;
  const changed =
    await tx.$executeRaw`UPDATE incident SET state = 'resolved', resolved_at = ${now}, resolved_by = ${by === undefined ? null : (by.id ?? WORKER_ACTOR)}::uuid, next_step_at = NULL
    WHERE tenant_id = app.tenant() AND id = ${incident.id}::uuid AND state <> 'resolved'`;
  if (changed === 0) return false;
  const of = { tenantId, incidentId: incident.id, ...(by?.id ? { actorId: by.id } : {}) };
  const said =
    by === undefined
      ? draft("resolved", closing.sentence)
      : draft("resolved_by_hand", closing.sentence, { by: by.name });
  await writeTimeline(tx, of, [said], now);
  const told = await takeBackUntold(tx, tenantId, incident.id, "The incident was resolved before this was sent.", now);
  const others = told.filter((id) => id !== closing.shownAt);
  await tell(tx, tenantId, incident, "resolve", others, now, by?.name);
  await liveHint(tx, { tenant: tenantId, what: "incident", id: incident.id });
  return true;
}
