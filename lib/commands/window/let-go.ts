import type { Tx } from "#lib/adapters/db";

/** Alone with the window until the transaction ends: nobody lets it hold an incident meanwhile. */
export const alone = (tx: Tx, windowId: string) =>
  tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`window:${windowId}`}, 0))::text`;

/** Incidents that it holds are asked for again at once. @returns how many */
export const letGo = (tx: Tx, windowId: string, now: Date): Promise<number> =>
  tx.$executeRaw`UPDATE incident SET next_step_at = ${now} WHERE tenant_id = app.tenant() AND held_by = 'window'
    AND held_ref = ${windowId} AND state = 'open' AND next_step_at > ${now}`;
