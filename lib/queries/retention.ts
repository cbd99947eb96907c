// How long this tenant keeps its history, and what a shorter time would delete.
import type { Tx } from "#lib/adapters/db";
import { type Chosen, cutOff, inForce, NOT_CHOSEN, type Retention } from "#lib/domain/retention";
import { allows } from "#lib/domain/tier";

export interface RetentionNow {
  tier: string;
  /** What the tier allows at most. */
  most: Retention;
  /** What holds. */
  now: Retention;
  /** null where the tenant keeps as long as its tier allows. */
  chosen: Chosen;
  changedAt: number | null;
}

/** Of the transaction's own tenant. */
export async function retention(tx: Tx): Promise<RetentionNow> {
  const [tenant] = await tx.$queryRaw<{ tier: string }[]>`SELECT tier FROM tenant WHERE id = app.tenant()`;
  const row = await tx.tenantRetention.findFirst();
  const tier = tenant?.tier ?? "public";
  const { minutesDays, incidentsDays } = allows(tier);
  const chosen = row === null ? NOT_CHOSEN : { minutesDays: row.minutesDays, incidentsDays: row.incidentsDays };
  return {
    tier,
    most: { minutesDays, incidentsDays },
    now: inForce(tier, chosen),
    chosen,
    changedAt: row?.updatedAt.getTime() ?? null,
  };
}

export interface WouldGo {
  minutes: number;
  incidents: number;
}

/** What is older than `wanted` keeps, counted now. */
export async function wouldGo(tx: Tx, wanted: Retention, now: Date): Promise<WouldGo> {
  const [minutes] = await tx.$queryRaw<{ n: number }[]>`
    SELECT count(*)::int AS n FROM probe_minute WHERE tenant_id = app.tenant() AND slot < ${cutOff(wanted.minutesDays, now)}`;
  const incidents = await tx.incident.count({
    where: { state: "resolved", resolvedAt: { lt: cutOff(wanted.incidentsDays, now) } },
  });
  return { minutes: minutes?.n ?? 0, incidents };
}
