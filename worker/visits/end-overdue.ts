// A visit ends with its half hour at the next request; this writes the end of those that get none. A question that nobody
// decided in time is over as well.
import { type Db, type Sweeper, WORKER_ACTOR } from "#lib/adapters/db";
import { endVisit } from "#lib/commands/impersonation/end-row";
import { DECIDE_MS } from "#lib/domain/grant";

interface Overdue extends Record<string, unknown> {
  tenant_id: string;
  id: string;
  begun: boolean;
}

/** By the database's clock, like everything about a visit. @returns how many it ended */
export async function endOverdueVisits(db: Db, sweeper: Sweeper): Promise<number> {
  const rows = await sweeper.find<Overdue>(
    `SELECT tenant_id, id, started_at IS NOT NULL AS begun FROM impersonation_grant WHERE ended_at IS NULL
       AND coalesce(not_after, coalesce(approved_at, asked_at) + $1 * interval '1 ms') <= clock_timestamp() LIMIT 100`,
    [DECIDE_MS],
  );
  let ended = 0;
  for (const { tenant_id: tenantId, id: grantId, begun } of rows)
    if (await endVisit(db, { tenantId, grantId }, { by: WORKER_ACTOR, why: begun ? "time" : "expired" })) ended++;
  return ended;
}
