// What becomes of clusters, one cause over many tenants. A row that has no incident yet gets it here, whoever wrote the
// row and whatever ended in between; one that is over lets go of everybody that it held.
import { type Db, PLATFORM_TENANT, type Sweeper, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import { closeIncident } from "#lib/commands/incident/close";
import { incidentById } from "#lib/commands/incident/row";
import { clusterSentence, isClusterOver, TOLD_WITHIN_MS } from "#lib/domain/cluster";
import { drillClusterSentence } from "#lib/domain/drill-cluster";
import type { Reason } from "#lib/domain/reason";
import { causeTitle, wholeUpstream } from "#lib/domain/storm";
import { unlookedVerdict } from "#lib/domain/verdict";
import { walk } from "../pipeline/decide.ts";
import type { Subject } from "../pipeline/passage.ts";

const DAY_MS = 24 * 3_600_000;

interface Cluster {
  id: string;
  cause: string;
  reason: Reason;
  opened_at: Date;
  incident_id: string | null;
  drill: boolean;
}

interface Seen {
  tenants: number;
  all: number;
  failing: number;
  /** Tenants about to be paged, whether or not their incidents are still known. */
  sighted: number;
}

/** @returns how many were opened and ended. @throws the first failure, after everything had its turn */
export async function followClusters(db: Db, sweeper: Sweeper, now: Date): Promise<{ opened: number; ended: number }> {
  const live = await sweeper.find<Cluster>(
    "SELECT id, cause, reason, opened_at, incident_id, drill FROM cluster WHERE ended_at IS NULL",
  );
  const did = { opened: 0, ended: 0 };
  const failures: unknown[] = [];
  for (const cluster of live) {
    try {
      const seen = await seenOf(sweeper, cluster);
      const was = await db.withTenant({ tenantId: PLATFORM_TENANT, actorId: WORKER_ACTOR }, (tx) =>
        follow(tx, cluster, seen, now),
      );
      if (was !== null) did[was]++;
    } catch (err) {
      failures.push(err);
    }
  }
  await letGo(db, sweeper, now, failures);
  if (failures.length > 0) throw failures[0];
  return did;
}

/** Counted over tenants by ids and states alone; since a while before it was noticed, as the first belong to it too. */
async function seenOf(sweeper: Sweeper, { cause, opened_at: openedAt }: Cluster): Promise<Seen> {
  const since = new Date(openedAt.getTime() - 10 * 60_000);
  const [row] = await sweeper.find<Seen>(
    `WITH who AS (SELECT DISTINCT who FROM upstream_sighting WHERE cause = $1 AND minute > $2)
     SELECT count(DISTINCT c.tenant_id)::int AS tenants, count(*)::int AS all, count(*) FILTER (WHERE i.state <> 'resolved')::int AS failing,
       (SELECT count(*)::int FROM who) AS sighted
     FROM who JOIN incident_cause c ON c.tenant_id = who.who AND c.cause = $1 AND c.at > $2
     JOIN incident i ON i.tenant_id = c.tenant_id AND i.id = c.incident_id`,
    [cause, since],
  );
  return row ?? { tenants: 0, all: 0, failing: 0, sighted: 0 };
}

async function follow(tx: Tx, cluster: Cluster, seen: Seen, now: Date): Promise<"opened" | "ended" | null> {
  // Two workers look at it at once: one of them has it.
  const mine = await tx.$queryRaw<{ incident_id: string | null }[]>`SELECT incident_id FROM cluster
    WHERE id = ${cluster.id}::uuid AND ended_at IS NULL FOR UPDATE SKIP LOCKED`;
  if (mine.length === 0) return null;
  const incidentId = mine[0]?.incident_id ?? null;
  if (incidentId === null) return (await open(tx, cluster, seen, now)) ? "opened" : null;
  const incident = await incidentById(tx, incidentId);
  const byHand = incident === null || incident.state === "resolved";
  const forgotten = now.getTime() - cluster.opened_at.getTime() > DAY_MS;
  if (byHand || forgotten || isClusterOver(seen.all, seen.failing)) {
    await tx.$executeRaw`UPDATE cluster SET ended_at = ${now} WHERE id = ${cluster.id}::uuid`;
    const sentence = `${seen.all - seen.failing} of ${seen.all} servers are well again; notices of every tenant go their own way from here.`;
    const shared = await tx.$queryRaw<
      unknown[]
    >`SELECT 1 FROM cluster WHERE incident_id = ${incidentId}::uuid AND ended_at IS NULL`;
    if (!byHand && shared.length === 0) {
      await tx.$executeRaw`UPDATE incident SET status = 'up' WHERE tenant_id = app.tenant() AND id = ${incidentId}::uuid`;
      const over = { ...incident, status: "up" as const, evidence: sentence };
      await closeIncident(tx, over, { tenantId: PLATFORM_TENANT, now, sentence });
    }
    return "ended";
  }
  // Its notice is dead at every place: then nobody knows, and nobody is held for it.
  await tx.$executeRaw`UPDATE cluster SET nobody = true WHERE incident_id = ${incidentId}::uuid AND NOT nobody AND ${incident.state} = 'open'
    AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.tenant_id = app.tenant() AND d.incident_id = ${incidentId}::uuid AND d.kind = 'trigger' AND d.state <> 'dead')`;
  const sentence = sentenceOf(cluster, seen);
  if (incident.subjectName === causeTitle(cluster.cause) && sentence !== incident.evidence) {
    await tx.$executeRaw`UPDATE incident SET evidence = ${sentence} WHERE tenant_id = app.tenant() AND id = ${incidentId}::uuid AND state <> 'resolved'`;
    await liveHint(tx, { tenant: PLATFORM_TENANT, what: "incident", id: incidentId });
  }
  return null;
}

/** Of a drill all but one are rows of a count, and have no servers to speak of. */
const sentenceOf = ({ cause, drill }: Cluster, { tenants, all, sighted }: Seen): string =>
  drill ? drillClusterSentence(Math.max(0, sighted - tenants)) : clusterSentence(cause, tenants, all);

/** The one global notice. Where it turns out that nobody is told of it, nothing is held for it any more. */
async function open(tx: Tx, cluster: Cluster, seen: Seen, now: Date): Promise<boolean> {
  // A host and its provider, noticed in the same moment, are one outage: the second says nothing of its own.
  await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended('clusters', 0))::text`;
  const others = await tx.$queryRaw<
    { cause: string; incident_id: string; nobody: boolean }[]
  >`SELECT k.cause, k.incident_id::text, k.nobody
    FROM cluster k JOIN incident i ON i.tenant_id = app.tenant() AND i.id = k.incident_id WHERE k.ended_at IS NULL AND i.state <> 'resolved' AND k.drill = ${cluster.drill}`;
  const same = others.find(
    (o) => wholeUpstream(o.cause).includes(cluster.cause) || wholeUpstream(cluster.cause).includes(o.cause),
  );
  if (same !== undefined) {
    await tx.$executeRaw`UPDATE cluster SET incident_id = ${same.incident_id}::uuid, nobody = ${same.nobody} WHERE id = ${cluster.id}::uuid`;
    return false;
  }
  const id = await opening(tx, cluster, sentenceOf(cluster, seen), now);
  if (id === null) return false;
  const told = await tx.$queryRaw<
    unknown[]
  >`SELECT 1 FROM delivery WHERE tenant_id = app.tenant() AND incident_id = ${id}::uuid AND kind = 'trigger' LIMIT 1`;
  await tx.$executeRaw`UPDATE cluster SET incident_id = ${id}::uuid, nobody = ${told.length === 0} WHERE id = ${cluster.id}::uuid`;
  return true;
}

async function opening(tx: Tx, cluster: Cluster, sentence: string, now: Date): Promise<string | null> {
  const rows = await tx.$queryRaw<{ name: string }[]>`SELECT name FROM tenant WHERE id = app.tenant()`;
  const subject: Subject = {
    ...{ kind: "cluster", key: `cluster:${cluster.id}`, serverId: null, name: causeTitle(cluster.cause), url: "" },
    ...{ tenantName: rows[0]?.name ?? "Tocsin", weight: "own", severity: "P1" },
    ...(cluster.drill && { drill: true }),
    ...{ fireAfter: 1, clearAfter: 1, intervalMs: 60_000 },
  };
  const verdict = unlookedVerdict("unknown", cluster.reason, sentence);
  const at = { tenantId: PLATFORM_TENANT, subject, verdict, sealed: null, slot: now, now, atOnce: true };
  return (await walk(tx, { ...at, before: { bad: 0, good: 0, flips: [] } })).incidentId;
}

async function letGo(db: Db, sweeper: Sweeper, now: Date, failures: unknown[]): Promise<void> {
  const untold = new Date(now.getTime() - TOLD_WITHIN_MS);
  const waiting = await sweeper.find<{ tenant_id: string }>(
    `SELECT DISTINCT i.tenant_id FROM incident i JOIN cluster k ON k.id::text = i.held_ref
     WHERE i.held_by = 'cluster' AND i.state = 'open' AND i.next_step_at > $1
       AND (k.ended_at IS NOT NULL OR k.nobody OR (k.incident_id IS NULL AND k.opened_at <= $2))`,
    [now, untold],
  );
  for (const { tenant_id: tenantId } of waiting) {
    const work = db.withTenant(
      { tenantId, actorId: WORKER_ACTOR },
      (tx) => tx.$executeRaw`UPDATE incident i SET next_step_at = ${now} FROM cluster k
        WHERE i.tenant_id = app.tenant() AND i.held_by = 'cluster' AND i.state = 'open' AND i.next_step_at > ${now}
          AND k.id::text = i.held_ref AND (k.ended_at IS NOT NULL OR k.nobody OR (k.incident_id IS NULL AND k.opened_at <= ${untold}))`,
    );
    await unlessErased(work, 0).catch((err) => failures.push(err));
  }
}
