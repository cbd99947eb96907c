// Asked for, and decided by nobody within its day: it ends by itself, and the log says so.
import { audit } from "#lib/adapters/audit";
import { type Db, type Sweeper, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";

interface Row {
  action: string;
  target: string;
  asked_by: string;
}

/** @returns how many ended now */
export async function expireApprovals(db: Db, sweeper: Sweeper, now: Date): Promise<number> {
  const due = await sweeper.find<{ tenant_id: string; id: string }>(
    "SELECT tenant_id, id FROM approval WHERE state = 'asked' AND expires_at <= $1 ORDER BY expires_at LIMIT 200",
    [now],
  );
  let ended = 0;
  for (const { tenant_id: tenantId, id } of due) {
    const context = { tenantId, actorId: WORKER_ACTOR };
    const work = db.withTenant(context, async (tx) => {
      const [row] = await tx.$queryRaw<Row[]>`UPDATE approval SET state = 'expired', decided_at = ${now}
        WHERE tenant_id = app.tenant() AND id = ${id}::uuid AND state = 'asked' AND expires_at <= ${now}
        RETURNING action, target, asked_by::text`;
      if (row === undefined) return 0;
      const body = { action: row.action, target: row.target, askedBy: row.asked_by };
      await audit(tx, context, { action: "approval.expire", target: `approval:${id}`, body });
      await liveHint(tx, { tenant: tenantId, what: "approval", id });
      return 1;
    });
    ended += await unlessErased(work, 0);
  }
  return ended;
}
