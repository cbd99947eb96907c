// Is it one of many with one cause? Then the storm is told of and not its members; the one that makes it a storm opens it.
import { draft } from "#lib/domain/event";
import type { Reason, Severity, Status } from "#lib/domain/reason";
import { causeTitle, STORM_LOOK_MS, STORM_WINDOW_MS, stormKey, stormOf, stormSentence } from "#lib/domain/storm";
import { unlookedVerdict, type Verdict } from "#lib/domain/verdict";
import { walk } from "./decide.ts";
import type { Hold, HoldAsk } from "./holds.ts";
import type { Subject } from "./passage.ts";
import { mayShare, type SharedCause, sharedNow } from "./shared.ts";

// A function and not a constant: decide.ts and holds.ts import each other through here.
export async function byStorm(ask: HoldAsk): Promise<Hold | null> {
  const { tx, incident, now } = ask;
  if (!mayShare(incident)) return null;
  const { causes, memberOf } = await sharedNow(ask);
  if (memberOf !== null) return held(ask, memberOf);
  if (incident.step > 0 || incident.openedAt.getTime() <= now.getTime() - STORM_WINDOW_MS) return null;
  const shared = stormOf(causes) as SharedCause | null;
  if (shared === null) return null;
  const stormId = shared.stormId ?? (await open(ask, shared));
  if (stormId === null) return null;
  const since = new Date(now.getTime() - STORM_WINDOW_MS);
  // Those who were told before become members as well: they are not told again, and what follows is the storm's.
  const joined = await tx.$queryRaw<{ incident_id: string }[]>`
    WITH fit AS (SELECT c.incident_id FROM incident_cause c JOIN incident i ON i.tenant_id = c.tenant_id AND i.id = c.incident_id
      WHERE c.tenant_id = app.tenant() AND c.cause = ${shared.cause} AND i.state <> 'resolved'
        AND (c.incident_id = ${incident.id}::uuid OR (${shared.stormId === null} AND c.at > ${since}))
        AND NOT EXISTS (SELECT 1 FROM storm_member m JOIN incident s ON s.tenant_id = m.tenant_id AND s.id = m.storm_id
          WHERE m.tenant_id = c.tenant_id AND m.incident_id = c.incident_id AND s.state <> 'resolved')),
    put AS (INSERT INTO storm_member (tenant_id, storm_id, incident_id, at) SELECT app.tenant(), ${stormId}::uuid, incident_id, ${now}::timestamptz FROM fit
      ON CONFLICT DO NOTHING RETURNING incident_id)
    INSERT INTO incident_event (tenant_id, incident_id, at, stage, decision, sentence, data)
    SELECT app.tenant(), incident_id, ${now}::timestamptz, 'suppress', 'joined', ${joining(shared.cause)}, jsonb_build_object('storm', ${stormId}::text) FROM put
    RETURNING incident_id`;
  return joined.some((j) => j.incident_id === incident.id) ? held(ask, stormId) : null;
}

const joining = (cause: string): string => `It belongs to one storm with others: ${causeTitle(cause)}.`;

function held({ now }: HoldAsk, stormId: string): Hold {
  const until = new Date(now.getTime() + STORM_LOOK_MS);
  const data = { kind: "storm", ref: stormId };
  return {
    kind: "storm",
    ref: stormId,
    until,
    said: draft(
      "held",
      "Held by a storm: it is told of together with the others; if it outlives them, by itself.",
      data,
    ),
  };
}

interface Member {
  n: number;
  severity: Severity;
  status: Status;
  reason: Reason;
}

/** @returns the storm's incident; null where somebody has just closed it by hand */
async function open({ tx, tenantId, incident, now }: HoldAsk, { cause, others }: SharedCause): Promise<string | null> {
  const since = new Date(now.getTime() - STORM_WINDOW_MS);
  const [gravest] = await tx.$queryRaw<Member[]>`
    SELECT count(*)::int AS n, min(i.severity) AS severity, CASE WHEN bool_or(i.status = 'down') THEN 'down' ELSE 'degraded' END AS status,
      mode() WITHIN GROUP (ORDER BY i.reason) AS reason
    FROM incident_cause c JOIN incident i ON i.tenant_id = c.tenant_id AND i.id = c.incident_id
    WHERE c.tenant_id = app.tenant() AND c.cause = ${cause} AND c.at > ${since} AND i.state <> 'resolved'`;
  const { severity, status, reason } = gravest ?? incident;
  const sentence = stormSentence(cause, gravest?.n ?? others + 1, reason ?? incident.reason);
  const decided = await walk(tx, {
    tenantId,
    subject: subjectOf(cause, severity ?? incident.severity, incident.tenantName),
    verdict: stormVerdict(status, reason ?? incident.reason, sentence),
    sealed: null,
    slot: now,
    now,
    atOnce: false,
    before: { bad: 0, good: 0, flips: [] },
  });
  return decided.incidentId;
}

/** @param status up: it is over */
export const stormVerdict = (status: Status, reason: Reason | null, sentence: string): Verdict => ({
  ...unlookedVerdict("up", reason, sentence),
  status,
});

export const subjectOf = (cause: string, severity: Severity, tenantName: string): Subject => ({
  ...{ kind: "storm", key: stormKey(cause), serverId: null, name: causeTitle(cause), url: "", tenantName, severity },
  ...{ weight: "own", fireAfter: 1, clearAfter: 1, intervalMs: STORM_WINDOW_MS },
});
