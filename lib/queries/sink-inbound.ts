// With what a vendor shows that it is the vendor: opened only where a call from it is checked, and never shown.
import type { Db, Tx } from "#lib/adapters/db";
import { WORKER_ACTOR } from "#lib/adapters/db";
import { places, secrets } from "#lib/adapters/secrets";

/** @returns every secret that holds now, the present one first; [] for a sink that is unknown, removed or of another kind */
export function inboundSecrets(
  db: Db,
  of: { tenantId: string; sinkId: string; kind: string },
  now: Date,
): Promise<string[]> {
  const { tenantId, sinkId, kind } = of;
  return db.withTenant({ tenantId, actorId: WORKER_ACTOR, readOnly: true }, async (tx) => {
    const rows = await tx.$queryRaw<{ id: string; sealed: Uint8Array }[]>`
      SELECT i.id, i.sealed FROM sink_inbound i JOIN sink s ON s.tenant_id = i.tenant_id AND s.id = i.sink_id
      WHERE i.tenant_id = app.tenant() AND i.sink_id = ${sinkId}::uuid AND s.kind = ${kind} AND s.removed_at IS NULL
        AND (i.ends_at IS NULL OR i.ends_at > ${now}) ORDER BY i.ends_at DESC NULLS FIRST LIMIT 2`;
    const open: string[] = [];
    for (const row of rows) open.push(await secrets().open(tx, places.sinkInbound(tenantId, row.id), row.sealed));
    return open;
  });
}

export interface InboundState {
  /** Of the present secret; null: there is none, so nothing that comes is believed. */
  since: number | null;
  /** Until when the former one holds as well, where one does. */
  formerUntil: number | null;
  calls: { id: string; at: number; outcome: string; reason: string; incidentId: string | null }[];
}

export async function inboundState(tx: Tx, sinkId: string, now: Date): Promise<InboundState> {
  const held = await tx.sinkInbound.findMany({ where: { sinkId }, select: { createdAt: true, endsAt: true } });
  const calls = await tx.inboundCall.findMany({ where: { sinkId }, orderBy: { at: "desc" }, take: 10 });
  const former = held.find((h) => h.endsAt !== null && h.endsAt > now);
  return {
    since: held.find((h) => h.endsAt === null)?.createdAt.getTime() ?? null,
    formerUntil: former?.endsAt?.getTime() ?? null,
    calls: calls.map(({ id, at, outcome, reason, incidentId }) => ({
      ...{ id, at: at.getTime(), outcome, reason, incidentId },
    })),
  };
}
