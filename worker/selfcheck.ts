// The watcher of what must not stand still: every open incident has a next step or a reason for none, every delivery
// settles, and the self-test comes through. By the worker and by the guard, each for itself: what one can no longer
// send, the outbox of the other does.
import type { Db, Sweeper } from "#lib/adapters/db";
import { fingerprint } from "#lib/domain/fingerprint";
import { missed, stuckPart } from "#lib/domain/selftest";
import { selftestFacts } from "./selftest/selftest.ts";
import { judgePart, type Part, partKey, platformNow } from "./watch/platform.ts";

/** Looked at every few seconds, a step that is due is taken long before. */
const STEP_MS = 120_000;
/** A claim lasts 30 s and its sender renews it: past this, nobody holds it any more and nobody has taken it over. */
const LEASE_MS = 120_000;
/** Longer than a slow sink with many before it, and than any pause of one that is left alone because it fails. */
const DUE_MS = 600_000;
const NAMED = 3;

export interface Stuck {
  incidents: number;
  deliveries: number;
  /** Some of them, in words for whoever runs the installation. */
  named: string[];
}

/** What stands still, over all tenants: ids alone, no tenant's content. */
export async function stuckNow(sweeper: Sweeper, now: Date): Promise<Stuck> {
  const ago = (ms: number) => new Date(now.getTime() - ms);
  const rows = await sweeper.find<{ what: string; id: string; count: number }>(
    `WITH waiting AS (
       SELECT d.tenant_id, d.sink_id, d.id, d.ordinal FROM delivery d WHERE d.state = 'pending' AND d.due_at < $3
         AND NOT EXISTS (SELECT 1 FROM delivery e WHERE e.tenant_id = d.tenant_id AND e.incident_id = d.incident_id
           AND e.sink_id = d.sink_id AND e.ordinal < d.ordinal AND e.state IN ('pending', 'leased'))
         AND NOT EXISTS (SELECT 1 FROM sink_trouble t WHERE t.tenant_id = d.tenant_id AND t.sink_id = d.sink_id
           AND t.over_at IS NULL AND greatest(t.noted_at, t.next_try_at) > $3)),
     -- A long line before a vendor's limit moves: what stood before its first one was settled just now.
     moving AS (
       SELECT l.tenant_id, l.sink_id FROM (SELECT tenant_id, sink_id, min(ordinal) AS first FROM waiting GROUP BY 1, 2) l,
         LATERAL (SELECT x.settled_at FROM delivery x WHERE x.tenant_id = l.tenant_id AND x.sink_id = l.sink_id AND x.ordinal < l.first
           ORDER BY x.ordinal DESC LIMIT 1) before WHERE before.settled_at > $3),
     stuck AS (
       SELECT 'incident' AS what, i.id FROM incident i WHERE i.state = 'open' AND i.opened_at < $1 AND (i.next_step_at < $1
         OR (i.next_step_at IS NULL AND (i.held_by IS NOT NULL OR (i.severity <> 'P4' AND i.step < jsonb_array_length(coalesce(i.policy->'steps', '[]'))))))
       UNION ALL
       SELECT 'delivery', d.id FROM delivery d WHERE d.state = 'leased' AND d.lease_until < $2
       UNION ALL
       SELECT 'delivery', w.id FROM waiting w WHERE NOT EXISTS (SELECT 1 FROM moving m WHERE m.tenant_id = w.tenant_id AND m.sink_id = w.sink_id))
     SELECT what, unnest((array_agg(id::text ORDER BY id))[1:${NAMED}]) AS id, count(*)::int AS count
     FROM stuck GROUP BY what`,
    [ago(STEP_MS), ago(LEASE_MS), ago(DUE_MS)],
  );
  const count = (what: string) => rows.find((r) => r.what === what)?.count ?? 0;
  return {
    incidents: count("incident"),
    deliveries: count("delivery"),
    named: rows.map((r) => `${r.what} ${r.id}`),
  };
}

/**
 * One look after the other; a test that was missed before this process began to watch is not held against anybody, and
 * what stood still while nothing ran is given until the second look to move.
 */
export function selfChecker(db: Db, sweeper: Sweeper): (now: Date) => Promise<void> {
  let since: Date | undefined;
  let before = false;
  return async (now) => {
    since ??= now;
    const stuck = await stuckNow(sweeper, now);
    const still = stuck.incidents + stuck.deliveries > 0;
    const facts = await selftestFacts(sweeper);
    const failed = missed(facts, since, now);
    const { live } = await platformNow(db);
    // Without a worker nothing is tested: that it has stopped is told by its own alert, once.
    const test = failed && (await workerBeats(sweeper, now));
    const kept = failed && live.has("outbox:selftest:unchecked");
    const notices = ofNotices(stuck);
    const told = live.has(fingerprint(partKey(notices), "unchecked"));
    const stopped = still && (before || told);
    before = still;
    for (const part of [{ ...notices, stopped }, ofSelftest(test || kept, stuckPart(facts, now))])
      await judgePart(db, part, live, now);
  };
}

async function workerBeats(sweeper: Sweeper, now: Date): Promise<boolean> {
  const rows = await sweeper.find(
    "SELECT 1 FROM process WHERE kind = 'worker' AND stopped_at IS NULL AND heartbeat_at > $1 LIMIT 1",
    [new Date(now.getTime() - 30_000)],
  );
  return rows.length > 0;
}

function ofNotices({ incidents, deliveries, named }: Stuck): Part {
  const stopped = incidents + deliveries > 0;
  const counts = [
    ...(incidents > 0 ? [`${incidents} open incident${incidents === 1 ? "" : "s"} without a next step`] : []),
    ...(deliveries > 0 ? [`${deliveries} deliver${deliveries === 1 ? "y" : "ies"} that nobody sends`] : []),
  ];
  return {
    ...{ kind: "outbox", name: "notices", title: "Notices", reason: "notices_stuck", stopped },
    sentence: stopped
      ? `${counts.join(" and ")}: ${named.join(", ")}.`
      : "Every open incident has a next step again and every delivery settles.",
  };
}

const ofSelftest = (stopped: boolean, why: string | null): Part => ({
  ...{ kind: "outbox", name: "selftest", title: "Self-test", reason: "selftest_failed", stopped },
  sentence: stopped
    ? `No made-up alert has come through for over two minutes. ${why ?? ""}`.trim()
    : "Made-up alerts come through again.",
});
