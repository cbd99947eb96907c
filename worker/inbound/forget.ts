// What came from outside is kept for a while to be looked at, and so that a repeat is known as one.
import { type Db, type Sweeper, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";

const DAY_MS = 86_400_000;
export const CALLS_DAYS = 30;
/** No sender repeats a request after two days; of a source that signs there may be many. */
const REPEATS_DAYS = 2;
/** An alert that is over, since it was last heard of. */
export const ALERTS_DAYS = 7;

/** @returns how many rows went */
export async function forgetInbound(db: Db, sweeper: Sweeper, now: Date): Promise<number> {
  const calls = new Date(now.getTime() - CALLS_DAYS * DAY_MS);
  const repeats = new Date(now.getTime() - REPEATS_DAYS * DAY_MS);
  const alerts = new Date(now.getTime() - ALERTS_DAYS * DAY_MS);
  const tenants = await sweeper.find<{ tenant_id: string }>(
    `SELECT tenant_id FROM inbound_call WHERE at < $1 UNION
     SELECT tenant_id FROM inbound_alert WHERE status = 'resolved' AND waiting_since IS NULL AND received_at < $2`,
    [repeats, alerts],
  );
  let went = 0;
  for (const { tenant_id: tenantId } of tenants) {
    const work = db.withTenant({ tenantId, actorId: WORKER_ACTOR }, async (tx) => {
      const a =
        await tx.$executeRaw`DELETE FROM inbound_call WHERE tenant_id = app.tenant() AND (at < ${calls} OR (at < ${repeats} AND source_id IS NOT NULL AND key IS NOT NULL))`;
      const b = await tx.$executeRaw`DELETE FROM inbound_alert WHERE tenant_id = app.tenant() AND status = 'resolved'
        AND waiting_since IS NULL AND received_at < ${alerts}`;
      return a + b;
    });
    went += await unlessErased(work, 0);
  }
  return went;
}
