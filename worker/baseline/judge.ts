// The last minutes of every server against what is usual for it. A clock asks this of the history, so that deciding a
// slot costs nothing for it; what it finds goes down the ordinary road, as an incident beside the server's own.
import { type Db, type Sweeper, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import { fingerprint, paceKey } from "#lib/domain/fingerprint";
import {
  type ErrorRate,
  errorRate,
  isSlow,
  type Period,
  periodMs,
  PERIODS,
  slowAbove,
  windowMs,
  type WindowSlot,
} from "#lib/domain/baseline";
import { REASON_NAMES, type Reason, REASONS, STATUSES, type Status } from "#lib/domain/reason";
import { unlookedVerdict, type Verdict } from "#lib/domain/verdict";
import { walk } from "../pipeline/decide.ts";
import { serverSubject } from "../pipeline/server-now.ts";

type Elevated = Extract<Reason, "latency_elevated" | "error_rate_elevated">;

interface Row {
  id: string;
  interval_s: number;
  samples: number | null;
  hours: number | null;
  p95_ms: number | null;
  elevated: Elevated | null;
  /** An incident of the server itself is open: its run of failures is told by that. */
  fails: boolean;
  looks: number[];
  p95s: (number | null)[];
  /** The last bad slot of a run that has just been told of and is over: up to it nothing is news. */
  told: Date | null;
  /** The first slot of a run of bad ones that goes on: its own incident is about to tell of it. */
  run: Date | null;
  /** Slots of the window; only where some of them failed. */
  window: { slot: string; regions: unknown }[] | null;
}

interface Found {
  elevated: Elevated | null;
  evidence: string;
}

/** A slot is in the history so long after its end: the interval itself, the seal, and a little for the road. */
const SETTLED_MS = 30_000;

/** @returns how many servers became slow or flaky, or are no longer */
export async function judgeElevated(db: Db, sweeper: Sweeper, now: Date): Promise<number> {
  const tenants = await sweeper.find<{ tenant_id: string }>(
    "SELECT DISTINCT tenant_id FROM server WHERE removed_at IS NULL AND NOT paused",
  );
  let changed = 0;
  const failures: unknown[] = [];
  const failed = (err: unknown) => void failures.push(err);
  for (const { tenant_id: tenantId } of tenants) {
    const context = { tenantId, actorId: WORKER_ACTOR };
    const asked = db.withTenant({ ...context, readOnly: true }, (tx) => lastMinutes(tx, now));
    const rows = (await asked.catch(failed)) ?? [];
    for (const row of rows) {
      const found = judge(row);
      if (found.elevated === row.elevated) continue;
      const work = db.withTenant(context, (tx) => say(tx, tenantId, row.id, found, now));
      changed += (await unlessErased(work, 0).catch(failed)) ?? 0;
    }
  }
  if (failures.length > 0) throw failures[0];
  return changed;
}

/** Of each server three periods of latency, and the window's slots where any of them failed. By the index of its own history. */
function lastMinutes(tx: Tx, now: Date): Promise<Row[]> {
  const [shortest, window] = [periodMs(1) / 1_000, windowMs(1) / 1_000];
  return tx.$queryRaw<Row[]>`
    SELECT s.id, s.interval_s, b.samples, b.hours, b.p95_ms, b.elevated,
      EXISTS (SELECT 1 FROM incident i WHERE i.tenant_id = s.tenant_id AND i.fingerprint = s.id::text || ':serving' AND i.state <> 'resolved') AS fails,
      (SELECT max(i.last_bad_slot) FROM incident i WHERE i.tenant_id = s.tenant_id AND i.fingerprint = s.id::text || ':serving'
        AND i.state = 'resolved' AND i.resolved_at >= t.until - t.counted) AS told,
      CASE WHEN n.bad_streak > 0 THEN n.last_slot - (n.bad_streak - 1) * s.interval_s * interval '1 second' END AS run,
      h.looks, h.p95s, h.window
    FROM server s LEFT JOIN server_baseline b ON b.tenant_id = s.tenant_id AND b.server_id = s.id
    LEFT JOIN server_now n ON n.tenant_id = s.tenant_id AND n.server_id = s.id
    CROSS JOIN LATERAL (SELECT greatest(${shortest}::int, 3 * s.interval_s) * interval '1 second' AS period,
      greatest(${window}::int, 5 * s.interval_s) * interval '1 second' AS counted,
      ${now}::timestamptz - s.interval_s * interval '1 second' - ${SETTLED_MS}::int * interval '1 millisecond' AS until) t
    CROSS JOIN LATERAL (
      SELECT ARRAY[count(m.latency_ms) FILTER (WHERE m.slot >= t.until - t.period),
          count(m.latency_ms) FILTER (WHERE m.slot >= t.until - 2 * t.period AND m.slot < t.until - t.period),
          count(m.latency_ms) FILTER (WHERE m.slot < t.until - 2 * t.period)]::int[] AS looks,
        ARRAY[percentile_disc(0.95) WITHIN GROUP (ORDER BY m.latency_ms) FILTER (WHERE m.slot >= t.until - t.period),
          percentile_disc(0.95) WITHIN GROUP (ORDER BY m.latency_ms) FILTER (WHERE m.slot >= t.until - 2 * t.period AND m.slot < t.until - t.period),
          percentile_disc(0.95) WITHIN GROUP (ORDER BY m.latency_ms) FILTER (WHERE m.slot < t.until - 2 * t.period)]::int[] AS p95s,
        CASE WHEN count(*) FILTER (WHERE m.status IN ('degraded', 'down') AND m.slot >= t.until - t.counted) > 0
          THEN jsonb_agg(jsonb_build_object('slot', m.slot, 'regions', m.regions)) FILTER (WHERE m.slot >= t.until - t.counted) END AS window
      FROM probe_minute m WHERE m.tenant_id = app.tenant() AND m.server_id = s.id
        AND m.slot >= t.until - 3 * t.period AND m.slot < t.until) h
    WHERE s.tenant_id = app.tenant() AND s.removed_at IS NULL AND NOT s.paused
      AND (b.elevated IS NOT NULL OR h.window IS NOT NULL OR h.p95s[1] > 3 * b.p95_ms)`;
}

function judge(row: Row): Found {
  const { samples, hours, p95_ms: p95Ms, elevated } = row;
  if (row.fails) return { elevated: null, evidence: "It fails outright, which its own incident tells." };
  const failing = errorRate(windowOf(row));
  if (failing !== null) return { elevated: "error_rate_elevated", evidence: rateWords(failing, row) };
  const limit = samples === null || hours === null ? null : slowAbove({ samples, hours, p95Ms });
  const periods = row.looks.slice(0, PERIODS).map((looks, i): Period => ({ looks, p95Ms: row.p95s[i] ?? null }));
  if (isSlow(limit, periods, elevated === "latency_elevated")) {
    const minutes = Math.round((PERIODS * periodMs(row.interval_s)) / 60_000);
    const now = periods[0]?.p95Ms ?? limit;
    return {
      elevated: "latency_elevated",
      evidence: `The 95th percentile is ${now} ms, for ${minutes} minutes more than three times its usual ${p95Ms} ms of seven days.`,
    };
  }
  const over = elevated === "latency_elevated" ? "as usual" : "rare";
  return {
    elevated: null,
    evidence: elevated === "latency_elevated" ? `Its latency is ${over} again.` : `Its failures are ${over} again.`,
  };
}

function rateWords({ failed, probes, regions, reason, layer }: ErrorRate, row: Row): string {
  const minutes = Math.round(windowMs(row.interval_s) / 60_000);
  const share = Math.round((100 * failed) / probes);
  return `${failed} of ${probes} probes (${share} %) failed within ${minutes} minutes in the ${layer} layer, in ${regions.join(", ")}: ${REASONS[reason].label}.`;
}

function windowOf({ window, told, run, elevated }: Row): WindowSlot[] {
  const from = told?.getTime() ?? Number.NEGATIVE_INFINITY;
  const until = elevated === "error_rate_elevated" ? null : run;
  const news = (window ?? []).filter(({ slot }) => {
    const at = Date.parse(slot);
    return at > from && (until === null || at < until.getTime());
  });
  return news.map(({ slot, regions }) => ({
    slot: Date.parse(slot),
    cells: Object.entries((regions ?? {}) as Record<string, unknown>).flatMap(([region, cell]) => {
      const [status, reason] = Array.isArray(cell) ? (cell as unknown[]) : [];
      return STATUSES.includes(status as Status)
        ? [
            {
              region,
              status: status as Status,
              reason: REASON_NAMES.includes(reason as Reason) ? (reason as Reason) : null,
            },
          ]
        : [];
    }),
  }));
}

async function say(tx: Tx, tenantId: string, serverId: string, found: Found, now: Date): Promise<number> {
  const subject = await serverSubject(tx, serverId);
  if (subject === null) return 0;
  const changed = await tx.$executeRaw`
    INSERT INTO server_baseline AS b (tenant_id, server_id, computed_at, samples, hours, errors_permille, elevated, elevated_since)
    VALUES (app.tenant(), ${serverId}::uuid, '1970-01-01', 0, 0, 0, ${found.elevated}, ${found.elevated === null ? null : now})
    ON CONFLICT (tenant_id, server_id) DO UPDATE SET elevated = excluded.elevated, elevated_since = excluded.elevated_since
      WHERE b.elevated IS DISTINCT FROM excluded.elevated`;
  if (changed === 0) return 0;
  const verdict: Verdict =
    found.elevated === null
      ? unlookedVerdict("up", null, found.evidence)
      : {
          ...unlookedVerdict("up", found.elevated, found.evidence),
          status: "degraded",
          pattern: "all",
          unlooked: false,
        };
  await walk(tx, {
    ...{ tenantId, subject: { ...subject, key: paceKey(serverId) }, verdict, sealed: null, slot: now, now },
    // It was watched for minutes: one look is enough.
    ...{ atOnce: false, before: { bad: subject.fireAfter - 1, good: 0, flips: [] } },
  });
  await liveHint(tx, { tenant: tenantId, what: "server", id: serverId });
  return 1;
}

/** The incident that tells of it. */
export const paceFingerprint = (serverId: string): string => fingerprint(paceKey(serverId), "serving");
