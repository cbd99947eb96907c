// What an incident shares with others, in one question: it writes what it may share, and reads how many do, which storm
// or cluster of it is live, and how much of the hour's budget is spent. Asked once for all rules of one hold.
import type { Incident } from "#lib/commands/incident/row";
import { hourOf } from "#lib/domain/budget";
import { CLUSTER_FLOOR } from "#lib/domain/cluster";
import { causeOfStorm, causesOf, isUpstream, STORM_WINDOW_MS, WIDE_FLOOR, wholeUpstream } from "#lib/domain/storm";
import { isLogOnly } from "#lib/domain/severity";
import { allows } from "#lib/domain/tier";
import { modeOfFingerprint } from "#lib/domain/fingerprint";
import type { HoldAsk } from "./holds.ts";

export interface SharedCause {
  cause: string;
  others: number;
  watched: number | null;
  stormId: string | null;
  /** Tenants about to be paged for it, and those that watch anything; 0 and null where it is nobody else's business. */
  tenants: number;
  tenantsWatching: number | null;
  /** The installation's operators have a sink that can be told. */
  hears: boolean;
  clusterId: string | null;
  clusterOpenedAt: string | null;
  related: boolean;
}

export interface SharedNow {
  causes: SharedCause[];
  /** The live storm that it is a member of. */
  memberOf: string | null;
  told: number;
  allowed: number;
}

const MOST_COUNTED = 2_500;
const asked = new WeakMap<HoldAsk, Promise<SharedNow>>();

/** What may fail for one cause with others: servers as their regions see them, nothing that was made up. */
export const mayShare = (incident: Incident): boolean =>
  incident.subjectKind === "server" &&
  !incident.drill &&
  !isLogOnly(incident.severity) &&
  incident.serverId !== null &&
  incident.fingerprint.startsWith(`${incident.serverId}:`) &&
  modeOfFingerprint(incident.fingerprint) !== "drift";

export function sharedNow(ask: HoldAsk): Promise<SharedNow> {
  const known = asked.get(ask);
  if (known !== undefined) return known;
  const fresh = question(ask);
  asked.set(ask, fresh);
  return fresh;
}

interface Row {
  causes: SharedCause[] | null;
  member: string | null;
  told: number;
  tier: string;
}

async function question({ tx, incident, now, certificateEnds }: HoldAsk): Promise<SharedNow> {
  const own = causeOfStorm(incident.fingerprint);
  const isMember = mayShare(incident);
  const unchecked = modeOfFingerprint(incident.fingerprint) === "unchecked";
  const all = isMember
    ? causesOf({ url: incident.serverUrl, certificateEnds: certificateEnds ?? null, ...incident })
    : own === null
      ? []
      : wholeUpstream(own);
  // Not looked at by our own fault: that is no sign of what is behind the server.
  const causes = unchecked ? all.filter((c) => !isUpstream(c)) : all;
  const upstream = causes.filter(isUpstream);
  const since = new Date(now.getTime() - STORM_WINDOW_MS);
  const hourAgo = new Date(now.getTime() - 3_600_000);
  const begins = incident.step === 0 && incident.heldBy !== "cluster";
  const [row] = await tx.$queryRaw<Row[]>`
    WITH given AS (SELECT cause FROM unnest(${causes}::text[]) AS g(cause)),
    mine AS (INSERT INTO incident_cause (tenant_id, incident_id, cause, at) SELECT app.tenant(), ${incident.id}::uuid, cause, ${incident.openedAt}::timestamptz
      FROM given WHERE ${isMember} ON CONFLICT DO NOTHING)
    SELECT (SELECT jsonb_agg(jsonb_build_object('cause', g.cause, 'others', o.n, 'stormId', s.id, 'tenants', coalesce(w.tenants, 0),
        'tenantsWatching', w.watched, 'hears', coalesce(w.hears, false), 'clusterId', k.id, 'clusterOpenedAt', k.opened_at,
        'watched', CASE WHEN o.n + 1 >= ${WIDE_FLOOR} AND g.cause ~ '^(region|reason):' THEN (SELECT count(*)::int FROM server v
          WHERE v.tenant_id = app.tenant() AND NOT v.paused AND v.removed_at IS NULL) END,
        'related', g.cause = ANY (${upstream}::text[]) AND EXISTS (SELECT 1 FROM incident_cause r WHERE r.tenant_id = app.tenant() AND r.cause = g.cause
          AND r.at > ${hourAgo}::timestamptz AND r.incident_id <> ${incident.id}::uuid)))
      FROM given g
      CROSS JOIN LATERAL (SELECT count(*)::int AS n FROM (SELECT 1 FROM incident_cause c JOIN incident i ON i.tenant_id = c.tenant_id AND i.id = c.incident_id
        WHERE c.tenant_id = app.tenant() AND c.cause = g.cause AND c.at > ${since}::timestamptz AND c.incident_id <> ${incident.id}::uuid
          AND i.state <> 'resolved' LIMIT ${MOST_COUNTED}) q) o
      LEFT JOIN incident s ON s.tenant_id = app.tenant() AND s.fingerprint = 'storm:' || g.cause || ':serving' AND s.state <> 'resolved'
      LEFT JOIN cluster k ON k.cause = g.cause AND k.ended_at IS NULL AND NOT k.nobody
      LEFT JOIN app.sight(${begins ? upstream : []}::text[], ${now}::timestamptz, ${since}::timestamptz, ${CLUSTER_FLOOR}::int) w ON w.cause = g.cause) AS causes,
      (SELECT m.storm_id::text FROM storm_member m JOIN incident i ON i.tenant_id = m.tenant_id AND i.id = m.storm_id
        WHERE m.tenant_id = app.tenant() AND m.incident_id = ${incident.id}::uuid AND i.state <> 'resolved' LIMIT 1) AS member,
      (SELECT count(DISTINCT q.incident_id)::int FROM (SELECT n.incident_id FROM notice n WHERE n.tenant_id = app.tenant() AND n.kind = 'trigger' AND n.at >= ${hourOf(now)}::timestamptz
        LIMIT 3000) q) AS told,
      (SELECT t.tier FROM tenant t WHERE t.id = app.tenant()) AS tier`;
  return {
    causes: row?.causes ?? [],
    memberOf: row?.member ?? null,
    told: row?.told ?? 0,
    allowed: allows(row?.tier ?? "").noticesPerHour,
  };
}
