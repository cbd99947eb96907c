// What the console asked for: rows of `request`, taken by a conditional update, so that two workers never both act.
// One that nobody finishes within a minute ends with a sentence.
import { now as clockNow } from "#lib/adapters/clock";
import { type Db, type Sweeper, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import type { Log } from "#lib/adapters/log";
import { REQUESTS, type RequestKind } from "#lib/requests";

const GIVE_UP_MS = 60_000;

export interface RequestRow {
  tenantId: string;
  id: string;
  payload: unknown;
}

/** Starts the work; whoever does it appends to `progress` and ends the request. */
export type Handlers = { [K in RequestKind]: (request: RequestRow, now: Date) => Promise<void> };

interface Found {
  tenant_id: string;
  id: string;
  kind: string;
}

/** One pass over what is pending. @returns how many were taken */
export async function takeRequests(db: Db, sweeper: Sweeper, handlers: Handlers, log: Log): Promise<number> {
  const found = await sweeper.find<Found>(
    "SELECT tenant_id, id, kind FROM request WHERE state = 'pending' ORDER BY created_at LIMIT 50",
  );
  let taken = 0;
  for (const { tenant_id: tenantId, id, kind } of found) {
    const context = { tenantId, actorId: WORKER_ACTOR };
    const now = clockNow();
    const taking = db.withTenant(context, async (tx) => {
      const rows = await tx.$queryRaw<{ payload: unknown }[]>`UPDATE request SET state = 'running', taken_at = ${now}
        WHERE id = ${id}::uuid AND state = 'pending' RETURNING payload`;
      return rows[0]?.payload;
    });
    const payload = await unlessErased(taking, undefined);
    if (payload === undefined) continue;
    taken++;
    try {
      if (!Object.hasOwn(REQUESTS, kind)) throw new Error(`no request of kind ${kind} in this version`);
      const known = kind as RequestKind;
      await handlers[known]({ tenantId, id, payload: REQUESTS[known].parse(payload) }, now);
    } catch (err) {
      log.error({ err, request: id }, "a request could not be started");
      await failRequest(db, tenantId, id, "The worker could not start this: see its log.", clockNow());
    }
  }
  return taken;
}

/** @param takenBefore only when whoever took it did so before then */
export function failRequest(
  db: Db,
  tenantId: string,
  id: string,
  sentence: string,
  now: Date,
  takenBefore = now,
): Promise<void> {
  const work = db.withTenant({ tenantId, actorId: WORKER_ACTOR }, async (tx) => {
    const changed =
      await tx.$executeRaw`UPDATE request SET state = 'failed', result = ${JSON.stringify({ sentence })}::jsonb, done_at = ${now}
      WHERE id = ${id}::uuid AND state IN ('pending', 'running') AND (taken_at IS NULL OR taken_at <= ${takenBefore})`;
    if (changed === 0) return;
    await liveHint(tx, { tenant: tenantId, what: "request", id });
  });
  return unlessErased(work, undefined);
}

/** Requests that nobody finished: their worker or prober is gone. They end with a sentence instead of spinning for ever. */
export async function endStale(db: Db, sweeper: Sweeper, now: Date): Promise<void> {
  const before = new Date(now.getTime() - GIVE_UP_MS);
  const rows = await sweeper.find<Found>(
    "SELECT tenant_id, id, kind FROM request WHERE state = 'running' AND created_at < $1 ORDER BY created_at LIMIT 50",
    [before],
  );
  // It may have waited for a worker for long: its minute begins when it is taken.
  for (const r of rows.filter((row) => row.kind === "rewrap-keys")) await unlessErased(goOn(db, r, before), undefined);
  for (const r of rows.filter((row) => row.kind !== "rewrap-keys"))
    await failRequest(
      db,
      r.tenant_id,
      r.id,
      "Not every region answered within a minute. What did answer is shown.",
      now,
      before,
    );
}

/** What is done in slices goes on with the next worker. */
function goOn(db: Db, { tenant_id: tenantId, id }: Found, takenBefore: Date): Promise<void> {
  return db.withTenant({ tenantId, actorId: WORKER_ACTOR }, async (tx) => {
    await tx.$executeRaw`UPDATE request SET state = 'pending' WHERE id = ${id}::uuid AND state = 'running' AND taken_at <= ${takenBefore}`;
  });
}
