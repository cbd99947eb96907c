// A sink whose proof ran out is an incident of its tenant, told by its other sinks; it is over when somebody proves the
// sink again, or removes it.
import { type Db, type Sweeper, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { fingerprint } from "#lib/domain/fingerprint";
import { cleanText } from "#lib/domain/text";
import { unlookedVerdict } from "#lib/domain/verdict";
import { walk } from "../pipeline/decide.ts";
import type { Subject } from "../pipeline/passage.ts";
import { eachApart } from "./apart.ts";

/** First part of the fingerprint: beside what else may be wrong with a sink. */
export const proofKey = (sinkId: string): string => `${sinkId}:proof`;
const AT_ONCE = 200;
const DAY_MS = 86_400_000;

interface Due {
  tenant_id: string;
  sink_id: string;
}

/** Opens and ends what is due. What is known and unchanged costs nothing further. */
export async function watchProofs(db: Db, sweeper: Sweeper, now: Date): Promise<{ opened: number; resolved: number }> {
  const due = await sweeper.find<Due>(
    `WITH told AS (SELECT tenant_id, split_part(fingerprint, ':', 1)::uuid AS sink_id FROM incident
         WHERE state <> 'resolved' AND subject_kind = 'sink' AND fingerprint LIKE $1),
       lapsed AS (SELECT tenant_id, id AS sink_id FROM sink
         WHERE removed_at IS NULL AND proof_lapsed_at IS NOT NULL)
     SELECT tenant_id, sink_id FROM (SELECT *, true AS is FROM lapsed) l FULL JOIN (SELECT *, true AS is FROM told) t
       USING (tenant_id, sink_id) WHERE l.is IS NULL OR t.is IS NULL LIMIT ${AT_ONCE}`,
    [`%${fingerprint(":proof", "unchecked")}`],
  );
  const did = { opened: 0, resolved: 0 };
  await eachApart(due, 1, async ({ tenant_id: tenantId, sink_id: sinkId }) => {
    const work = db.withTenant({ tenantId, actorId: WORKER_ACTOR }, (tx) => judge(tx, tenantId, sinkId, now));
    const change = await unlessErased(work, null);
    if (change !== null) did[change]++;
    return change !== null;
  });
  return did;
}

async function judge(tx: Tx, tenantId: string, sinkId: string, now: Date): Promise<"opened" | "resolved" | null> {
  await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${proofKey(sinkId)}, 0))::text`;
  const sink = await tx.sink.findFirst({ where: { tenantId, id: sinkId } });
  const tenant = await tx.tenant.findUnique({ where: { id: tenantId }, select: { name: true } });
  if (sink === null || tenant === null) return null;
  const lapsed = sink.removedAt === null && sink.proofLapsedAt !== null;
  const verdict = lapsed
    ? unlookedVerdict(
        "unknown",
        "sink_unproven",
        `Nobody has shown again that "${cleanText(sink.name, 80)}" is yours, so it is disabled.`,
      )
    : unlookedVerdict("up", null, sink.removedAt === null ? "Somebody proved it again." : "The sink was removed.");
  const before = { bad: 0, good: 0, flips: [] };
  const decided = await walk(tx, {
    ...{ tenantId, subject: subjectOf(sink, tenant.name), verdict, sealed: null },
    ...{ slot: now, now, atOnce: true, before },
  });
  return decided.change === "opened" ? "opened" : decided.resolved.length > 0 ? "resolved" : null;
}

const subjectOf = (sink: { id: string; name: string }, tenantName: string): Subject => ({
  ...{ kind: "sink", key: proofKey(sink.id), serverId: null, name: sink.name, url: "", tenantName },
  // Whoever closes it by hand, with the sink as it is, is left alone for a day.
  ...{ weight: "own", fireAfter: 2, clearAfter: 1, intervalMs: DAY_MS },
});
