// Deletes what is older than each tenant keeps: probe minutes, tool lists that nothing points to, resolved incidents with
// all that hangs on them. Each part in a transaction of its own, so that a kill in between loses nothing. The database's
// functions refuse what is open, accepted or still to be sent, whatever is asked of them here.
import { audit } from "#lib/adapters/audit";
import { type Db, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import type { Log } from "#lib/adapters/log";
import { cutOff } from "#lib/domain/retention";
import { allows, TIERS } from "#lib/domain/tier";
import { retention } from "#lib/queries/retention";

const MINUTES_AT_ONCE = 5_000;
const INCIDENTS_AT_ONCE = 200;
/** Each may be half a megabyte. */
const LISTS_AT_ONCE = 200;
const RUNS_DAYS = 30;
/** An outage of many tenants is followed for a day at most. */
const SIGHTINGS_MS = 25 * 3_600_000;
const RUNS_AT_ONCE = 5_000;

export interface Gone {
  minutes: number;
  incidents: number;
  notices: number;
  deliveries: number;
  tests: number;
  /** Lists of tools that no entry of the changelog names any more, and settled entries. */
  toolLists: number;
  toolChanges: number;
}

/** @returns what went, by tenant; tenants of which nothing went are not in it. @throws the first failure, after every tenant had its turn */
export async function retain(db: Db, log: Log, now: Date, signal?: AbortSignal): Promise<Map<string, Gone>> {
  const tenants = await db.global((tx) => tx.tenant.findMany({ where: { erasedAt: null }, select: { id: true } }));
  const went = new Map<string, Gone>();
  const failures: unknown[] = [];
  for (const { id } of tenants) {
    if (signal?.aborted) break;
    try {
      const gone = await unlessErased(ofTenant(db, id, now, signal), null);
      if (gone === null || Object.values(gone).every((n) => n === 0)) continue;
      went.set(id, gone);
      log.info({ tenant: id, ...gone }, "history older than its retention was deleted");
    } catch (err) {
      failures.push(err);
    }
  }
  // What belongs to nobody goes also while something of a tenant is in the way.
  await forgetRuns(db, now, signal);
  await db.global((tx) => tx.$queryRaw`SELECT app.forget_sightings(${new Date(now.getTime() - SIGHTINGS_MS)})`);
  await dropMonths(db, now);
  if (failures.length > 0) throw failures[0];
  return went;
}

async function ofTenant(db: Db, tenantId: string, now: Date, signal?: AbortSignal): Promise<Gone> {
  const context = { tenantId, actorId: WORKER_ACTOR };
  const keeps = (await db.withTenant({ ...context, readOnly: true }, retention)).now;
  const gone: Gone = { minutes: 0, incidents: 0, notices: 0, deliveries: 0, tests: 0, toolLists: 0, toolChanges: 0 };
  const minutesBefore = cutOff(keeps.minutesDays, now);
  const incidentsBefore = cutOff(keeps.incidentsDays, now);
  const note = (body: Partial<Gone>, before: Date) => ({
    action: "retention.delete",
    target: `tenant:${tenantId}`,
    body: { ...body, before: before.toISOString() },
  });
  // Each part has its own row in the log, beside what it deleted: counts, and never what it was.
  for (let full = true; full && !signal?.aborted; ) {
    const n = await db.withTenant(context, async (tx) => {
      const [row] = await tx.$queryRaw<{ n: number }[]>`
        SELECT app.forget_minutes(${minutesBefore}, ${MINUTES_AT_ONCE}::int) AS n`;
      const minutes = row?.n ?? 0;
      if (minutes > 0) await audit(tx, context, note({ minutes }, minutesBefore));
      return minutes;
    });
    gone.minutes += n;
    full = n === MINUTES_AT_ONCE;
  }
  for (let full = true; full && !signal?.aborted; ) {
    const row = await db.withTenant(context, async (tx) => {
      const [part] = await tx.$queryRaw<Omit<Gone, "minutes" | "toolLists" | "toolChanges">[]>`
        SELECT incidents, notices, deliveries, tests FROM app.forget_incidents(${incidentsBefore}, ${INCIDENTS_AT_ONCE}::int)`;
      const some = part ?? { incidents: 0, notices: 0, deliveries: 0, tests: 0 };
      if (some.incidents + some.tests > 0) await audit(tx, context, note(some, incidentsBefore));
      return some;
    });
    gone.incidents += row.incidents;
    gone.notices += row.notices;
    gone.deliveries += row.deliveries;
    gone.tests += row.tests;
    full = row.incidents === INCIDENTS_AT_ONCE || row.tests === INCIDENTS_AT_ONCE;
  }
  for (let full = true; full && !signal?.aborted; ) {
    const row = await db.withTenant(context, async (tx) => {
      const [part] = await tx.$queryRaw<{ lists: number; changes: number }[]>`
        SELECT lists, changes FROM app.forget_tool_lists(${minutesBefore}, ${incidentsBefore}, ${LISTS_AT_ONCE}::int)`;
      const { lists: toolLists, changes: toolChanges } = part ?? { lists: 0, changes: 0 };
      if (toolLists + toolChanges > 0) await audit(tx, context, note({ toolLists, toolChanges }, minutesBefore));
      return { toolLists, toolChanges };
    });
    gone.toolLists += row.toolLists;
    gone.toolChanges += row.toolChanges;
    full = row.toolLists === LISTS_AT_ONCE || row.toolChanges === LISTS_AT_ONCE;
  }
  return gone;
}

/** What became of prober processes, and the kills: of the installation, and the same for every tenant. */
async function forgetRuns(db: Db, now: Date, signal?: AbortSignal): Promise<void> {
  const before = cutOff(RUNS_DAYS, now);
  for (let n = RUNS_AT_ONCE; n === RUNS_AT_ONCE && !signal?.aborted; ) {
    const [row] = await db.global(
      (tx) => tx.$queryRaw<{ n: number }[]>`SELECT app.forget_prober_runs(${before}, ${RUNS_AT_ONCE}::int) AS n`,
    );
    n = row?.n ?? 0;
  }
}

/** A month that is older than any tier keeps, and empty by now, goes as a whole. The database looks before it drops. */
async function dropMonths(db: Db, now: Date): Promise<void> {
  const most = Math.max(...TIERS.map((tier) => allows(tier).minutesDays));
  const before = cutOff(most, now);
  for (let back = 1; back <= 12; back++) {
    const month = new Date(Date.UTC(before.getUTCFullYear(), before.getUTCMonth() - back, 1));
    await db.global((tx) => tx.$queryRaw`SELECT app.drop_empty_minutes(${month}::date)`);
  }
}
