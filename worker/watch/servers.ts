// Servers that nobody has looked at for two intervals: unknown, and alerted each for itself only when nothing of ours
// has stopped that explains them all.
import { type Db, type Sweeper, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import { closeIncident } from "#lib/commands/incident/close";
import { incidentById } from "#lib/commands/incident/row";
import type { Reason } from "#lib/domain/reason";
import { SLOWEST_S } from "#lib/domain/throttle";
import { allows, shortestIntervalS, TIERS } from "#lib/domain/tier";
import { type Verdict, unlookedVerdict } from "#lib/domain/verdict";
import { SEALING_GRACE_MS } from "#lib/queries/fresh";
import { walk } from "../pipeline/decide.ts";
import { lockServerNow, serverSubject, writeServerNow } from "../pipeline/server-now.ts";

export interface Unlooked {
  tenantId: string;
  id: string;
  /** Chosen for it; empty: every enabled region. */
  regions: string[];
  tier: string;
  /** Older servers of its tenant that are looked at. */
  before: number;
  reason: string | null;
  status: string | null;
  /** An incident of its own says so already. */
  alerted: boolean;
  /** Seconds between two looks in truth: what its tier and its tenant's pace make of its interval. */
  everyS: number;
}

const SHORTEST = JSON.stringify(Object.fromEntries(TIERS.map((tier) => [tier, shortestIntervalS(tier)])));

/** @param from nobody could look before: the start of the installation, the end of its last stop */
export async function findUnlooked(sweeper: Sweeper, from: Date, now: Date): Promise<Unlooked[]> {
  // A slot's verdict is known at its end, so two intervals are counted from there: three from its start.
  const rows = await sweeper.find<{
    tenant_id: string;
    id: string;
    regions: string[];
    tier: string;
    before: number;
    reason: string | null;
    status: string | null;
    alerted: boolean;
    every_s: number;
  }>(
    `SELECT s.tenant_id, s.id, s.regions, t.tier, s.before, e.every_s, n.reason, n.status, EXISTS (SELECT 1 FROM incident i WHERE i.tenant_id = s.tenant_id
        AND i.fingerprint = s.id::text || ':unchecked' AND i.state <> 'resolved') AS alerted
     FROM (SELECT o.*, row_number() OVER (PARTITION BY o.tenant_id ORDER BY o.created_at, o.id)::int - 1 AS before
       FROM (SELECT tenant_id, id, interval_s, regions, created_at, watched_from FROM server WHERE NOT paused AND removed_at IS NULL) o) s
     JOIN tenant t ON t.id = s.tenant_id LEFT JOIN server_now n ON n.tenant_id = s.tenant_id AND n.server_id = s.id
     LEFT JOIN probe_pace p ON p.tenant_id = s.tenant_id
     CROSS JOIN LATERAL (SELECT greatest(s.interval_s, coalesce(($5::jsonb ->> t.tier)::int, 0)) AS set_s) i
     CROSS JOIN LATERAL (SELECT least(i.set_s * coalesce(p.factor, 1), greatest(i.set_s, $4)) AS every_s) e
     WHERE greatest(CASE WHEN n.last_slot <= $2::timestamptz + make_interval(secs => e.every_s) THEN n.last_slot END, s.created_at, s.watched_from, p.released_at, $1::timestamptz) < $2::timestamptz - make_interval(secs => 3 * e.every_s) - $3 * interval '1 millisecond'`,
    [from, now, SEALING_GRACE_MS, SLOWEST_S, SHORTEST],
  );
  return rows.map(({ tenant_id: tenantId, every_s: everyS, ...rest }) => ({ tenantId, everyS, ...rest }));
}

const SENTENCES: Partial<Record<Reason, string>> = {
  not_checked: "Nothing was sealed for two intervals, and nothing of ours is known to have stopped.",
  region_stopped: "Not checked: every region that looks at this server has stopped.",
  region_offline: "Not checked: every region that looks at this server reaches nothing.",
  worker_stopped: "Not checked: the worker has stopped.",
  prober_fault: "Not checked: no prober could do its work.",
};
const BEYOND = "Not checked: the tenant has more servers than its tier allows, and this is one of the youngest.";

/** The scheduler leaves it out: shown as not checked, and nobody is woken for it. */
export const beyondTier = ({ before, tier }: Pick<Unlooked, "before" | "tier">): boolean =>
  before >= allows(tier).servers;

/** @param covered true: one alert about our own part speaks for it, so it is shown and not alerted */
export function markUnlooked(
  db: Db,
  server: Unlooked,
  reason: Reason,
  covered: boolean,
  now: Date,
): Promise<"opened" | "marked" | null> {
  const { tenantId, id: serverId } = server;
  const work = db.withTenant({ tenantId, actorId: WORKER_ACTOR }, async (tx) => {
    const subject = await serverSubject(tx, serverId);
    if (subject === null) return null;
    const verdict: Verdict = unlookedVerdict(
      "unknown",
      reason,
      beyondTier(server) ? BEYOND : (SENTENCES[reason] ?? "Not checked."),
    );
    const before = await lockServerNow(tx, tenantId, serverId, now);
    // It was sealed between our look and our lock.
    const age = before.lastSlot === null ? Number.POSITIVE_INFINITY : now.getTime() - before.lastSlot.getTime();
    const everyMs = server.everyS * 1_000;
    if (age >= -everyMs && age <= 3 * everyMs + SEALING_GRACE_MS) return null;
    await liveHint(tx, { tenant: tenantId, what: "server", id: serverId });
    if (covered) {
      await writeServerNow(tx, serverId, now, verdict, { ...before.streaks, bad: 0, good: 0 });
      return "marked" as const;
    }
    const decided = await walk(tx, {
      tenantId,
      subject,
      verdict,
      sealed: null,
      slot: now,
      now,
      atOnce: true,
      before: before.streaks,
    });
    return decided.change === "opened" ? ("opened" as const) : ("marked" as const);
  });
  return unlessErased(work, null);
}

/** A server that is paused or removed while it fails: nothing more will be seen of it, so its incident ends with that reason. */
export async function closeAbandoned(db: Db, sweeper: Sweeper, now: Date): Promise<number> {
  const rows = await sweeper.find<{ tenant_id: string; id: string; removed: boolean }>(
    `SELECT i.tenant_id, i.id, s.removed_at IS NOT NULL AS removed FROM incident i
     JOIN server s ON s.tenant_id = i.tenant_id AND s.id::text = split_part(i.fingerprint, ':', 1)
     WHERE i.state <> 'resolved' AND i.subject_kind = 'server' AND (s.paused OR s.removed_at IS NOT NULL) AND NOT s.drill LIMIT 200`,
  );
  let closed = 0;
  for (const { tenant_id: tenantId, id, removed } of rows) {
    const work = db.withTenant({ tenantId, actorId: WORKER_ACTOR }, async (tx) => {
      const incident = await incidentById(tx, id);
      const sentence = removed
        ? "The server was removed, so nobody looks at it any more."
        : "The server was paused, so nobody looks at it for now.";
      // Slow or flaky still when it is looked at again, it is told again.
      await tx.$executeRaw`UPDATE server_baseline SET elevated = NULL, elevated_since = NULL, burning_since = NULL
        WHERE tenant_id = app.tenant() AND server_id = ${incident?.serverId ?? null}::uuid AND (elevated IS NOT NULL OR burning_since IS NOT NULL)`;
      return incident !== null && closeIncident(tx, incident, { tenantId, now, sentence });
    });
    if (await unlessErased(work, false)) closed++;
  }
  return closed;
}
