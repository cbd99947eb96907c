// What is usual for a server: p50, p95 and failures of its last seven days, worked out again each hour. A few hundred
// servers per pass, each by the index of its own history, so that a large fleet is a small steady load.
import { type Db, type Sweeper, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { BASELINE_DAYS } from "#lib/domain/baseline";

const DAY_MS = 86_400_000;
const EVERY_MS = 3_600_000;
const PER_PASS = 400;
/** What has been slow for so long is what is usual now. */
const NEW_NORMAL_MS = 3 * DAY_MS;

/** @returns how many servers were worked out */
export async function computeBaselines(db: Db, sweeper: Sweeper, now: Date): Promise<number> {
  const due = await sweeper.find<{ tenant_id: string; id: string }>(
    `SELECT s.tenant_id, s.id FROM server s LEFT JOIN server_baseline b ON b.tenant_id = s.tenant_id AND b.server_id = s.id
     WHERE s.removed_at IS NULL AND NOT s.paused AND (b.computed_at IS NULL OR b.computed_at <= $1)
     ORDER BY b.computed_at NULLS FIRST, s.id LIMIT $2`,
    [new Date(now.getTime() - EVERY_MS), PER_PASS],
  );
  for (const [tenantId, servers] of Map.groupBy(due, (d) => d.tenant_id)) {
    const ids = servers.map((s) => s.id);
    await unlessErased(
      db.withTenant(
        { tenantId, actorId: WORKER_ACTOR },
        (tx) => tx.$executeRaw`
        INSERT INTO server_baseline AS b (tenant_id, server_id, computed_at, samples, hours, p50_ms, p95_ms, errors_permille)
        SELECT app.tenant(), s.id, ${now}, h.samples, h.hours, h.p50, h.p95, h.errors
        FROM unnest(${ids}::uuid[]) AS s(id)
        LEFT JOIN server_baseline o ON o.tenant_id = app.tenant() AND o.server_id = s.id
        CROSS JOIN LATERAL (
          SELECT count(*) FILTER (WHERE usual)::int AS samples,
            coalesce(extract(epoch FROM max(m.slot) - min(m.slot)) / 3600, 0)::int AS hours,
            percentile_disc(0.5) WITHIN GROUP (ORDER BY m.latency_ms) FILTER (WHERE usual)::int AS p50,
            percentile_disc(0.95) WITHIN GROUP (ORDER BY m.latency_ms) FILTER (WHERE usual)::int AS p95,
            (1000 * count(*) FILTER (WHERE m.status IN ('degraded', 'down')) / greatest(count(*), 1))::int AS errors
          FROM (SELECT p.*, p.latency_ms IS NOT NULL AND (o.elevated IS DISTINCT FROM 'latency_elevated'
              OR p.slot < o.elevated_since OR o.elevated_since < ${new Date(now.getTime() - NEW_NORMAL_MS)}) AS usual
            FROM probe_minute p WHERE p.tenant_id = app.tenant() AND p.server_id = s.id
              AND p.slot >= ${new Date(now.getTime() - BASELINE_DAYS * DAY_MS)} AND p.slot < ${now}) m) h
        ON CONFLICT (tenant_id, server_id) DO UPDATE SET computed_at = excluded.computed_at, samples = excluded.samples,
          hours = excluded.hours, p50_ms = excluded.p50_ms, p95_ms = excluded.p95_ms, errors_permille = excluded.errors_permille`,
      ),
      0,
    );
  }
  return due.length;
}
