// Moves a drill of one cause over many tenants on. Made up are the tenants, as rows of a count, and one server of the
// installation's own that fails; counted, noticed, held, told, put into a digest and ended it is by what does so for real.
import { PLATFORM_TENANT, type Prisma, type Tx, WORKER_ACTOR } from "#lib/adapters/db";
import { CLUSTER_FLOOR } from "#lib/domain/cluster";
import { DRILL_ENDS_MS, type DrillStep, type DrillSteps, type SinkHeard, storedSteps } from "#lib/domain/drill";
import { type ClusterSeen, DRILL_OUTAGE_MS, drillCause, missingOfCluster } from "#lib/domain/drill-cluster";
import { sinkFacts } from "#lib/queries/sink-facts";
import { tellOfDrill } from "../delivery/digest.ts";
import { type DrillDeps, isLaterSlot, put } from "./inject.ts";

export async function moveClusterDrill(d: DrillDeps, tenantId: string, id: string, now: Date): Promise<void> {
  if (tenantId !== PLATFORM_TENANT) return;
  const context = { tenantId, actorId: WORKER_ACTOR };
  const look = await d.db.withTenant(context, (tx) => lookAt(tx, id));
  if (look === null) return;
  const { steps, serverId } = look;
  if (steps.injected === undefined) {
    await d.db.withTenant(
      context,
      (tx) => tx.$queryRaw`SELECT app.sight_made_up(${drillCause(id)}, ${now}::timestamptz, ${CLUSTER_FLOOR}::int)`,
    );
    steps.injected = now.getTime();
    if (await put(d, { tenantId, serverId }, "connection_refused", now)) steps.sealed = now.getTime();
  } else if (steps.recovered === undefined) {
    if (isLaterSlot(steps.injected, now) && mayRecover(look, now)) {
      await put(d, { tenantId, serverId }, null, now);
      steps.recovered = now.getTime();
    }
  } else if (look.live && isLaterSlot(steps.recovered, now)) await put(d, { tenantId, serverId }, null, now);
  await d.db.withTenant(context, (tx) => write(tx, tenantId, id, look, now));
}

interface Look extends ClusterSeen {
  steps: DrillSteps;
  serverId: string;
  startedAt: Date;
  clusterId: string | null;
  live: boolean;
  /** The outage's digest had no quiet place to go to. */
  unread: boolean;
}

async function lookAt(tx: Tx, id: string): Promise<Look | null> {
  const [drill] = await tx.drill.findMany({ where: { id, endedAt: null }, take: 1 });
  const serverId = drill?.servers[0];
  if (drill === undefined || serverId === undefined) return null;
  const steps = storedSteps(drill.steps);
  const [row] = await tx.$queryRaw<
    { opened_at: Date; state: string; held_by: string[]; held_at: Date | null }[]
  >`SELECT i.opened_at, i.state,
      coalesce((SELECT array_agg(DISTINCT h.kind) FROM held_back h WHERE h.tenant_id = i.tenant_id AND h.incident_id = i.id), '{}') AS held_by,
      (SELECT min(h.at) FROM held_back h WHERE h.tenant_id = i.tenant_id AND h.incident_id = i.id AND h.kind = 'cluster') AS held_at
    FROM incident i WHERE i.tenant_id = app.tenant() AND i.drill AND i.server_id = ${serverId}::uuid ORDER BY i.number LIMIT 1`;
  const [cluster] = await tx.$queryRaw<
    { id: string; ended: boolean; incident_id: string | null; noticed_at: Date | null; unread: boolean }[]
  >`SELECT k.id::text, k.ended_at IS NOT NULL AS ended, k.incident_id::text, (SELECT i.opened_at FROM incident i WHERE i.tenant_id = app.tenant() AND i.id = k.incident_id) AS noticed_at,
      EXISTS (SELECT 1 FROM digest g WHERE g.tenant_id = app.tenant() AND g.kind = 'wider' AND g.key = k.id::text AND g.notice_id IS NULL) AS unread
    FROM cluster k WHERE k.cause = ${drillCause(id)} AND k.drill ORDER BY k.opened_at LIMIT 1`;
  const clusterId = cluster?.id ?? null;
  const rows = await tx.$queryRaw<
    { sink_id: string; name: string; kind: string; state: string; reason: string; at: Date | null }[]
  >`SELECT d.sink_id::text, s.name, d.kind, d.state, d.reason, d.settled_at AS at FROM delivery d JOIN sink s ON s.tenant_id = d.tenant_id AND s.id = d.sink_id
    WHERE d.tenant_id = app.tenant() AND (d.incident_id = ${cluster?.incident_id ?? null}::uuid
      OR d.notice_id IN (SELECT g.notice_id FROM digest g WHERE g.tenant_id = app.tenant() AND g.key = ${clusterId}::text)) ORDER BY d.ordinal`;
  const wakes = new Map((await sinkFacts(tx)).map((s) => [s.id, s.wakes]));
  const first = (step: DrillStep, at: Date | null | undefined) => {
    if (at) steps[step] ??= at.getTime();
  };
  const sent = (kind: string) => rows.filter((r) => r.kind === kind && r.state === "sent").map((r) => r.at);
  const whole = (kind: string) =>
    rows.some((r) => r.kind === kind) && rows.every((r) => r.kind !== kind || r.state === "sent");
  first("decided", row?.opened_at);
  first("held", row?.held_at);
  first("noticed", cluster?.noticed_at);
  first("told", sent("trigger").sort(byTime)[0]);
  if (whole("digest")) first("digest", sent("digest").sort(byTime).at(-1));
  if (whole("resolve")) first("cleared", sent("resolve").sort(byTime).at(-1));
  return {
    ...{ steps, serverId, startedAt: drill.startedAt, clusterId, unread: cluster?.unread ?? false },
    ...{ opened: row !== undefined, live: row !== undefined && row.state !== "resolved", heldBy: row?.held_by ?? [] },
    ...{ noticed: (cluster?.noticed_at ?? null) !== null, ended: cluster?.ended ?? false },
    heard: rows.map(({ sink_id, name, kind, state, reason }) => ({
      name,
      wakes: wakes.get(sink_id) ?? false,
      kind,
      state,
      reason,
    })),
  };
}

const byTime = (a: Date | null, b: Date | null) => (a?.getTime() ?? 0) - (b?.getTime() ?? 0);
const isWaiting = (heard: readonly SinkHeard[]): boolean =>
  heard.some((h) => h.state === "pending" || h.state === "leased");

function mayRecover({ steps, heard, opened }: Look, now: Date): boolean {
  if (!opened) return false;
  if (steps.told !== undefined && steps.digest !== undefined && !isWaiting(heard)) return true;
  return now.getTime() - (steps.injected ?? 0) >= DRILL_OUTAGE_MS;
}

async function write(tx: Tx, tenantId: string, id: string, look: Look, now: Date): Promise<void> {
  const { steps, heard, live, startedAt, clusterId, ended: over, unread } = look;
  // Nothing but what wakes people: for real they read it in the hour's digest, of which a drill has its own.
  if (unread && clusterId !== null) await tellOfDrill(tx, tenantId, clusterId, startedAt, now);
  const late = now.getTime() - startedAt.getTime() >= DRILL_ENDS_MS;
  const settled = steps.recovered !== undefined && !live && !isWaiting(heard) && (clusterId === null || over);
  const ended = late || (settled && (clusterId === null || steps.cleared !== undefined || steps.told === undefined));
  const missing = ended ? missingOfCluster(steps, look) : [];
  const running = steps.injected === undefined ? "asked" : "running";
  await tx.drill.updateMany({
    where: { tenantId, id, endedAt: null },
    data: {
      state: ended ? (missing.length === 0 ? "passed" : "failed") : running,
      ...{ steps: steps as Prisma.InputJsonObject, missing, endedAt: ended ? now : null },
    },
  });
  if (ended) await tx.$queryRaw`SELECT app.forget_made_up(${drillCause(id)})::text`;
}
