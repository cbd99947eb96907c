// How often, and from where, the servers of the tenant are looked at in truth: after what its tier allows and, where
// probers had to be killed for it, slowed down.
import type { Tx } from "#lib/adapters/db";
import { pacedIntervalS } from "#lib/domain/throttle";
import { askedRegions, shortestIntervalS } from "#lib/domain/tier";

export interface Pace {
  tier: string;
  /** 1: as set. */
  factor: number;
  /** Epoch ms; then it ends by itself. Null when it is as set. */
  until: number | null;
}

const AS_SET: Pace = { tier: "", factor: 1, until: null };

export async function paceOf(tx: Tx, tenantId: string): Promise<Pace> {
  const tenant = await tx.tenant.findFirst({ where: { id: tenantId }, select: { tier: true } });
  const row = await tx.probePace.findFirst({ where: { tenantId } });
  return {
    ...AS_SET,
    tier: tenant?.tier ?? "",
    ...(row && { factor: row.factor, until: row.until?.getTime() ?? null }),
  };
}

/** Seconds between two looks. */
export const lookedAtEveryS = (intervalS: number, { tier, factor }: Pace): number =>
  pacedIntervalS(Math.max(intervalS, shortestIntervalS(tier)), factor);

/** Of the enabled regions those that look at this server. */
export function lookedAtFrom<R extends { name: string }>(
  server: { id: string; regions: readonly string[] },
  enabled: readonly R[],
  { tier }: Pace,
): R[] {
  const names = enabled.map((r) => r.name);
  const asked = askedRegions(server.id, server.regions, names, tier);
  return enabled.filter((r) => asked.includes(r.name));
}
