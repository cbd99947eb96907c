// Two reports on the week that is over, made on Monday or as soon after as the worker runs: reasons that got past the
// field and are worth a second look, one per tenant; and roles that are given against roles that are used, one for the
// installation. Once a quarter, stored secrets against who may use them. Made once: the row's key is tenant, kind, week.
import { type Db, PLATFORM_TENANT, type Tx, WORKER_ACTOR } from "#lib/adapters/db";
import { quarterOf } from "#lib/domain/secret-inventory";
import { daysAfter, weekOf } from "#lib/domain/utc-day";
import { driftOf } from "./drift.ts";
import { weakReasonsOf } from "./reasons.ts";
import { secretGrantsOf } from "./secrets.ts";

interface Made {
  lookedAt: number;
  findings: object[];
}

/** @returns how many reports were made now */
export async function makeReports(db: Db, now: Date, signal?: AbortSignal): Promise<number> {
  const week = daysAfter(weekOf(now.getTime()), -7);
  // Of a week before somebody was there, there is nothing to say.
  const before = new Date(`${daysAfter(week, 7)}T00:00:00Z`);
  const tenants = await db.global((tx) =>
    tx.tenant.findMany({ where: { createdAt: { lt: before } }, select: { id: true }, orderBy: { id: "asc" } }),
  );
  let made = 0;
  for (const { id } of tenants) {
    signal?.throwIfAborted();
    made += await once(db, id, "weak_reasons", week, now, (tx) => weakReasonsOf(tx, id, week));
    if (id !== PLATFORM_TENANT) continue;
    made += await once(db, id, "role_drift", week, now, () => driftOf(db, now));
    made += await once(db, id, "secret_grants", quarterOf(now.getTime()), now, (tx) => secretGrantsOf(tx, now));
  }
  return made;
}

async function once(
  db: Db,
  tenantId: string,
  kind: "weak_reasons" | "role_drift" | "secret_grants",
  week: string,
  now: Date,
  make: (tx: Tx) => Promise<Made>,
): Promise<number> {
  return db.withTenant({ tenantId, actorId: WORKER_ACTOR }, async (tx) => {
    if ((await tx.weeklyReport.count({ where: { tenantId, kind, week } })) > 0) return 0;
    const { lookedAt, findings } = await make(tx);
    return tx.$executeRaw`INSERT INTO weekly_report (tenant_id, kind, week, made_at, looked_at, findings)
      VALUES (${tenantId}::uuid, ${kind}, ${week}, ${now}, ${lookedAt}::int, ${JSON.stringify(findings)}::jsonb) ON CONFLICT DO NOTHING`;
  });
}
