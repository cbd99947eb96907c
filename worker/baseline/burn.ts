// Does a server use up its error budget too fast? Judged over an hour and, so that it is news, over the last minutes: what
// comes back every quarter of an hour is no run of bad slots and no error rate, and yet no month can bear it.
import { type Db, type Sweeper, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import { type Burn, burn, BURN_WINDOW_MS, MINUTES_MS } from "#lib/domain/burn";
import { burnKey } from "#lib/domain/fingerprint";
import { unlookedVerdict, type Verdict } from "#lib/domain/verdict";
import { walk } from "../pipeline/decide.ts";
import { serverSubject } from "../pipeline/server-now.ts";

interface Row {
  id: string;
  burning_since: Date | null;
  /** An incident of its own, of its error rate or of its slowness tells of its failures now. */
  told: boolean;
  /** A run of bad slots goes on: its own incident may be about to tell of it. */
  run: boolean;
  slots: number;
  bad: Date[];
}

/** A slot is in the history so long after its end. */
const SETTLED_MS = 30_000;

/** @returns how many servers began or ceased to burn. @throws the first failure, after every server had its turn */
export async function judgeBurn(db: Db, sweeper: Sweeper, now: Date): Promise<number> {
  const tenants = await sweeper.find<{ tenant_id: string }>(
    "SELECT DISTINCT tenant_id FROM server WHERE removed_at IS NULL AND NOT paused",
  );
  let changed = 0;
  const failures: unknown[] = [];
  const failed = (err: unknown) => void failures.push(err);
  for (const { tenant_id: tenantId } of tenants) {
    const context = { tenantId, actorId: WORKER_ACTOR };
    const asked = db.withTenant({ ...context, readOnly: true }, (tx) => lastHour(tx, now));
    const rows = (await asked.catch(failed)) ?? [];
    for (const row of rows) {
      const burning = row.burning_since !== null;
      const waits = row.told || (row.run && !burning);
      const found = waits ? null : burn({ slots: row.slots, bad: row.bad, burning });
      if ((found !== null) === burning) continue;
      const work = db.withTenant(context, (tx) => say(tx, tenantId, row.id, found, now));
      changed += (await unlessErased(work, 0).catch(failed)) ?? 0;
    }
  }
  if (failures.length > 0) throw failures[0];
  return changed;
}

/**
 * Of servers that failed within the last minutes, or that burn: the hour's bad slots, without those that another incident
 * has told of.
 */
function lastHour(tx: Tx, now: Date): Promise<Row[]> {
  return tx.$queryRaw<Row[]>`
    SELECT s.id, b.burning_since,
      EXISTS (SELECT 1 FROM incident i WHERE i.tenant_id = s.tenant_id AND i.state <> 'resolved'
        AND i.fingerprint IN (s.id::text || ':serving', s.id::text || ':pace:serving')) AS told,
      coalesce(n.bad_streak, 0) > 0 AS run, h.slots, h.bad
    FROM server s LEFT JOIN server_baseline b ON b.tenant_id = s.tenant_id AND b.server_id = s.id
    LEFT JOIN server_now n ON n.tenant_id = s.tenant_id AND n.server_id = s.id
    CROSS JOIN LATERAL (SELECT ${now}::timestamptz - s.interval_s * interval '1 second' - ${SETTLED_MS}::int * interval '1 millisecond' AS until) t
    CROSS JOIN LATERAL (SELECT greatest(t.until - ${BURN_WINDOW_MS}::int * interval '1 millisecond', (SELECT max(i.resolved_at) FROM incident i
        WHERE i.tenant_id = s.tenant_id AND i.server_id = s.id AND i.state = 'resolved' AND i.resolved_at > t.until - ${BURN_WINDOW_MS}::int * interval '1 millisecond'
          AND i.fingerprint IN (s.id::text || ':serving', s.id::text || ':pace:serving', s.id::text || ':burn:serving'))) AS since) f
    CROSS JOIN LATERAL (SELECT count(*)::int AS slots, coalesce(array_agg(m.slot ORDER BY m.slot) FILTER (WHERE m.status = 'down'
          OR (m.status = 'degraded' AND m.reason IS DISTINCT FROM 'region_failing')), '{}') AS bad
      FROM probe_minute m WHERE m.tenant_id = app.tenant() AND m.server_id = s.id AND m.slot > f.since AND m.slot <= t.until AND m.status <> 'unknown') h
    WHERE s.tenant_id = app.tenant() AND s.removed_at IS NULL AND NOT s.paused
      AND (b.burning_since IS NOT NULL OR EXISTS (SELECT 1 FROM probe_minute r WHERE r.tenant_id = app.tenant() AND r.server_id = s.id
        AND r.slot > t.until - greatest(${MINUTES_MS}::int, 3000 * s.interval_s) * interval '1 millisecond' AND r.slot <= t.until
        AND r.status IN ('down', 'degraded')))`;
}

async function say(tx: Tx, tenantId: string, serverId: string, found: Burn | null, now: Date): Promise<number> {
  const subject = await serverSubject(tx, serverId);
  if (subject === null) return 0;
  const changed = await tx.$executeRaw`
    INSERT INTO server_baseline AS b (tenant_id, server_id, computed_at, samples, hours, errors_permille, burning_since)
    VALUES (app.tenant(), ${serverId}::uuid, '1970-01-01', 0, 0, 0, ${found === null ? null : now})
    ON CONFLICT (tenant_id, server_id) DO UPDATE SET burning_since = excluded.burning_since
      WHERE (b.burning_since IS NULL) <> (excluded.burning_since IS NULL)`;
  if (changed === 0) return 0;
  const verdict: Verdict =
    found === null
      ? unlookedVerdict(
          "up",
          null,
          "Its error budget no longer runs out faster than it may, or another incident tells of it.",
        )
      : {
          ...unlookedVerdict("up", "error_budget_burning", sentence(found)),
          ...{ status: "degraded", pattern: "all", unlooked: false },
        };
  await walk(tx, {
    ...{ tenantId, subject: { ...subject, key: burnKey(serverId) }, verdict, sealed: null, slot: now, now },
    // It was watched for an hour: one look is enough.
    ...{ atOnce: false, before: { bad: subject.fireAfter - 1, good: 0, flips: [] } },
  });
  await liveHint(tx, { tenant: tenantId, what: "server", id: serverId });
  return 1;
}

const sentence = ({ rate, bad, slots }: Burn): string =>
  `${bad} of the last hour's ${slots} looks failed, ${Math.round(rate)} times what 99.9 % a month bears.`;
