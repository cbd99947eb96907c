// The one way in which an incident is acknowledged, whatever road it came by: the console, a button in Slack, a vendor's
// webhook, a link. One conditional update wins; who comes later hears who was first, and nothing goes out for them.
import { type Tx, WORKER_ACTOR } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import { draft } from "#lib/domain/event";
import { cleanText } from "#lib/domain/text";
import { sinkFacts } from "#lib/queries/sink-facts";
import { acknowledgeMembers } from "./members.ts";
import type { Incident } from "./row.ts";
import { takeBackUntold, tell } from "./tell.ts";
import { writeTimeline } from "./timeline.ts";

export interface By {
  /** As everybody reads it: "Ada", "Ada via Slack". */
  name: string;
  /** Null for somebody whom only the vendor knows. */
  personId: string | null;
  /** The sink whose vendor shows it already, because it was done there: it is not told back. */
  shownAt?: string;
}

export type Acknowledged =
  | { done: true; told: number }
  /** @property by who was first, as they are called here */
  | { done: false; state: "acknowledged" | "resolved"; by: string };

/** @param incident locked by whoever calls: see row.ts */
export async function acknowledge(
  tx: Tx,
  tenantId: string,
  incident: Incident,
  by: By,
  now: Date,
): Promise<Acknowledged> {
  const name = cleanText(by.name, 100) || "Somebody";
  const changed =
    await tx.$executeRaw`UPDATE incident SET state = 'acknowledged', acknowledged_at = ${now}, acknowledged_by = ${by.personId ?? WORKER_ACTOR}::uuid,
    next_step_at = NULL WHERE tenant_id = app.tenant() AND id = ${incident.id}::uuid AND state = 'open'`;
  if (changed === 0)
    return {
      done: false,
      state: incident.state === "resolved" ? "resolved" : "acknowledged",
      by: await whoWas(tx, incident.id),
    };
  await writeTimeline(
    tx,
    { tenantId, incidentId: incident.id, ...(by.personId === null ? {} : { actorId: by.personId }) },
    [draft("acknowledged", `${name} acknowledged; nobody further is told.`, { by: name })],
    now,
  );
  const told = await takeBackUntold(tx, tenantId, incident.id, `Acknowledged by ${name} before this was sent.`, now);
  const showing = new Set((await sinkFacts(tx)).filter((s) => s.acknowledge && s.enabled).map((s) => s.id));
  const others = told.filter((id) => showing.has(id) && id !== by.shownAt);
  await tell(tx, tenantId, incident, "acknowledge", others, now, name);
  if (incident.subjectKind === "storm") await acknowledgeMembers(tx, tenantId, incident.id, now);
  await liveHint(tx, { tenant: tenantId, what: "incident", id: incident.id });
  return { done: true, told: told.length };
}

/** Who ended or took it, as the timeline calls them. */
async function whoWas(tx: Tx, incidentId: string): Promise<string> {
  const [row] = await tx.$queryRaw<{ by: string | null }[]>`SELECT data ->> 'by' AS by FROM incident_event
    WHERE tenant_id = app.tenant() AND incident_id = ${incidentId}::uuid AND decision IN ('acknowledged', 'resolved_by_hand')
    ORDER BY seq DESC LIMIT 1`;
  return row?.by ?? "somebody";
}
