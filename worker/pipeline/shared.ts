// What all rules of a hold need to know, in one question, because it is asked on the way to every page: what was planned,
// and where nothing was, what the incident shares with others (written here as well), and what the hour's budget still has.
import type { Incident } from "#lib/commands/incident/row";
import { hourOf } from "#lib/domain/budget";
import { CLUSTER_FLOOR, TOLD_WITHIN_MS } from "#lib/domain/cluster";
import { causeOfStorm, causesOf, isUpstream, STORM_WINDOW_MS, WIDE_FLOOR, wholeUpstream } from "#lib/domain/storm";
import type { Silence } from "#lib/domain/silence";
import type { Reason, Severity } from "#lib/domain/reason";
import { isLogOnly } from "#lib/domain/severity";
import { allows } from "#lib/domain/tier";
import { modeOfFingerprint } from "#lib/domain/fingerprint";
import type { HoldAsk } from "./holds.ts";

export interface SharedCause {
  cause: string;
  others: number;
  watched: number | null;
  stormId: string | null;
  stormSeverity: Severity | null;
  /** Somebody has it in hand. */
  stormTaken: boolean;
  /** Tenants about to be paged for it, and those that watch anything; 0 and null where it is nobody else's business. */
  tenants: number;
  tenantsWatching: number | null;
  /** The installation's operators have a sink that can be told. */
  hears: boolean;
  clusterId: string | null;
  clusterOpenedAt: string | null;
  clusterReason: Reason | null;
  related: boolean;
}

export interface SharedNow {
  causes: SharedCause[];
  /** The live storm that it is a member of. */
  memberOf: string | null;
  told: number;
  allowed: number;
  /** Asked for the first time: about to be told of just now, as when it opens or what was planned is over. */
  first: boolean;
  /** The tenant has more policies than the default: a storm and its members may be told to different people. */
  manyPolicies: boolean;
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
  const fresh = question(ask, false).then(({ shared }) => shared);
  asked.set(ask, fresh);
  return fresh;
}

export type Plan = Silence & { serverIds: string[] | null; rule: unknown };

/** Silences that hold now, and all maintenance windows. Where there are none, the same answer serves `sharedNow`. */
export async function plansOf(ask: HoldAsk): Promise<Plan[]> {
  const { plans, shared } = await question(ask, true);
  if (plans.length === 0) asked.set(ask, Promise.resolve(shared));
  return plans;
}

interface Row {
  plans: (Omit<Plan, "startsAt" | "endsAt"> & { startsAt: string; endsAt: string })[] | null;
  causes: SharedCause[] | null;
  member: string | null;
  told: number;
  tier: string;
  first: boolean;
  policies: boolean;
}

/** @param unplanned with a plan, nothing is written and nothing shared is read: whoever is silenced is not about to be paged */
async function question(ask: HoldAsk, unplanned: boolean): Promise<{ plans: Plan[]; shared: SharedNow }> {
  const { tx, incident, now, certificateEnds } = ask;
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
  const untold = new Date(now.getTime() - TOLD_WITHIN_MS);
  const hourAgo = new Date(now.getTime() - 3_600_000);
  const begins = incident.step === 0 && incident.heldBy !== "cluster";
  const [row] = await tx.$queryRaw<Row[]>`
    WITH plans AS (
      SELECT id, server_id AS "serverId", comment, starts_at AS "startsAt", ends_at AS "endsAt", NULL::uuid[] AS "serverIds", NULL::jsonb AS rule FROM silence
        WHERE ${unplanned} AND tenant_id = app.tenant() AND starts_at <= ${now}::timestamptz AND ends_at > ${now}::timestamptz
      UNION ALL SELECT id, NULL, comment, NULL, NULL, server_ids, rule FROM maintenance_window
        WHERE ${unplanned} AND tenant_id = app.tenant() AND removed_at IS NULL),
    given AS (SELECT cause FROM unnest(${causes}::text[]) AS g(cause) WHERE NOT EXISTS (SELECT 1 FROM plans)),
    mine AS (INSERT INTO incident_cause (tenant_id, incident_id, cause, at) SELECT app.tenant(), ${incident.id}::uuid, cause, ${now}::timestamptz
      FROM given WHERE ${isMember} ON CONFLICT DO NOTHING RETURNING cause)
    SELECT (SELECT jsonb_agg(jsonb_build_object('cause', g.cause, 'others', o.n, 'stormId', s.id,
        'stormSeverity', s.severity, 'stormTaken', coalesce(s.state = 'acknowledged', false), 'tenants', coalesce(w.tenants, 0),
        'tenantsWatching', w.watched, 'hears', coalesce(w.hears, false), 'clusterId', k.id, 'clusterOpenedAt', k.opened_at, 'clusterReason', k.reason,
        'watched', CASE WHEN o.n + 1 >= ${WIDE_FLOOR} AND g.cause ~ '^(region|reason):' THEN (SELECT count(*)::int FROM server v
          WHERE v.tenant_id = app.tenant() AND NOT v.paused AND v.removed_at IS NULL) END,
        'related', g.cause = ANY (${upstream}::text[]) AND EXISTS (SELECT 1 FROM incident_cause r WHERE r.tenant_id = app.tenant() AND r.cause = g.cause
          AND r.at > ${hourAgo}::timestamptz AND r.incident_id <> ${incident.id}::uuid AND (g.cause NOT LIKE 'provider:%' OR EXISTS (
            SELECT 1 FROM incident_cause y WHERE y.tenant_id = app.tenant() AND y.incident_id = r.incident_id AND y.cause = ${`reason:${incident.reason}`})))))
      FROM given g
      CROSS JOIN LATERAL (SELECT count(*)::int AS n FROM (SELECT 1 FROM incident_cause c JOIN incident i ON i.tenant_id = c.tenant_id AND i.id = c.incident_id
        WHERE c.tenant_id = app.tenant() AND c.cause = g.cause AND c.at > ${since}::timestamptz AND c.incident_id <> ${incident.id}::uuid
          AND i.state <> 'resolved' LIMIT ${MOST_COUNTED}) q) o
      LEFT JOIN incident s ON s.tenant_id = app.tenant() AND s.fingerprint = 'storm:' || g.cause || ':serving' AND s.state <> 'resolved'
      LEFT JOIN cluster k ON k.cause = g.cause AND k.ended_at IS NULL AND NOT k.nobody AND (k.incident_id IS NOT NULL OR k.opened_at > ${untold}::timestamptz)
      LEFT JOIN app.sight(CASE WHEN EXISTS (SELECT 1 FROM plans) THEN '{}' ELSE ${begins ? upstream : []}::text[] END, ${now}::timestamptz, ${since}::timestamptz, ${CLUSTER_FLOOR}::int) w ON w.cause = g.cause) AS causes,
      (SELECT m.storm_id::text FROM storm_member m JOIN incident i ON i.tenant_id = m.tenant_id AND i.id = m.storm_id
        WHERE m.tenant_id = app.tenant() AND m.incident_id = ${incident.id}::uuid AND i.state <> 'resolved' LIMIT 1) AS member,
      (SELECT count(DISTINCT q.incident_id)::int FROM (SELECT n.incident_id FROM notice n WHERE n.tenant_id = app.tenant() AND n.kind = 'trigger' AND n.at >= ${hourOf(now)}::timestamptz
          AND n.incident_id <> ALL (ARRAY(SELECT x.id FROM incident x WHERE x.tenant_id = app.tenant() AND x.drill AND x.opened_at > ${hourAgo}::timestamptz - interval '1 hour'))
        LIMIT 3000) q) AS told,
      (SELECT t.tier FROM tenant t WHERE t.id = app.tenant()) AS tier,
      EXISTS (SELECT 1 FROM mine) AS first,
      EXISTS (SELECT 1 FROM policy o WHERE o.tenant_id = app.tenant() AND o.removed_at IS NULL AND NOT o.is_default) AS policies,
      (SELECT jsonb_agg(p) FROM plans p) AS plans`;
  const plans = (row?.plans ?? []).map((p) => ({ ...p, startsAt: new Date(p.startsAt), endsAt: new Date(p.endsAt) }));
  return {
    plans,
    shared: {
      // Most telling first, for everybody the same: two tenants that share a host and its provider name the same cause.
      causes: (row?.causes ?? []).sort((a, b) => causes.indexOf(a.cause) - causes.indexOf(b.cause)),
      memberOf: row?.member ?? null,
      told: row?.told ?? 0,
      allowed: allows(row?.tier ?? "").noticesPerHour,
      first: row?.first ?? false,
      manyPolicies: row?.policies ?? false,
    },
  };
}
