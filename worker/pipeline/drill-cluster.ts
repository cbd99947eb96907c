// What a drill's incident shares with tenants that are made up: counted by what counts real ones, under a cause of its own.
import { CLUSTER_FLOOR } from "#lib/domain/cluster";
import { drillCause } from "#lib/domain/drill-cluster";
import { STORM_WINDOW_MS } from "#lib/domain/storm";
import type { HoldAsk } from "./holds.ts";
import type { SharedCause } from "./shared.ts";

/** @returns none for a drill of another flavour */
export async function drilledCauses({ tx, incident, now }: HoldAsk): Promise<SharedCause[]> {
  const [drill] = await tx.$queryRaw<{ id: string }[]>`SELECT id::text FROM drill
    WHERE tenant_id = app.tenant() AND flavour = 'cluster' AND ended_at IS NULL AND ${incident.serverId}::uuid = ANY (servers)`;
  if (drill === undefined) return [];
  const cause = drillCause(drill.id);
  const since = new Date(now.getTime() - STORM_WINDOW_MS);
  await tx.$executeRaw`INSERT INTO incident_cause (tenant_id, incident_id, cause, at)
    VALUES (app.tenant(), ${incident.id}::uuid, ${cause}, ${incident.openedAt}) ON CONFLICT DO NOTHING`;
  return tx.$queryRaw<
    SharedCause[]
  >`SELECT g.cause, coalesce(w.tenants, 0) AS tenants, w.watched AS "tenantsWatching", coalesce(w.hears, false) AS hears,
      k.id::text AS "clusterId", to_json(k.opened_at) #>> '{}' AS "clusterOpenedAt",
      k.reason AS "clusterReason", 0 AS others, NULL::int AS watched, NULL::text AS "stormId", NULL::text AS "stormSeverity", false AS "stormTaken", false AS related
    FROM (SELECT ${cause}::text AS cause) g LEFT JOIN cluster k ON k.cause = g.cause AND k.ended_at IS NULL AND NOT k.nobody
    LEFT JOIN app.sight(ARRAY[${cause}]::text[], ${now}::timestamptz, ${since}::timestamptz, ${CLUSTER_FLOOR}::int) w ON w.cause = g.cause`;
}
