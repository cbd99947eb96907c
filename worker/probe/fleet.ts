// The servers that are to be looked at, as the scheduler needs them: how often and from where, after what their tier
// allows and the pace of their tenant. Both are kept here and nowhere else. Read at most every few seconds.
import type { Sweeper } from "#lib/adapters/db";
import { pacedIntervalS } from "#lib/domain/throttle";
import { allows, askedRegions } from "#lib/domain/tier";

export interface Watched {
  tenantId: string;
  id: string;
  /** Seconds, as the tier and the pace leave it. */
  intervalS: number;
  /** Regions that look at it. */
  expected: string[];
  dedicated: boolean;
}

export interface Fleet {
  servers: Watched[];
  regions: string[];
}

interface Row {
  tenant_id: string;
  id: string;
  interval_s: number;
  regions: string[];
  tier: string;
  factor: number;
}

/** A change of a server, a tier or a pace is seen after so long. */
const FRESH_MS = 3_000;

const SELECT = `SELECT s.tenant_id, s.id, s.interval_s, s.regions, t.tier, coalesce(p.factor, 1) AS factor
  FROM server s JOIN tenant t ON t.id = s.tenant_id LEFT JOIN probe_pace p ON p.tenant_id = s.tenant_id
  WHERE s.removed_at IS NULL`;

/** @returns reads the fleet, or gives the last reading while it is fresh by the caller's clock */
export function fleetReader(sweeper: Sweeper): (now: Date) => Promise<Fleet> {
  let last: { fleet: Fleet; at: number } | null = null;
  return async (now) => {
    const age = last === null ? Number.POSITIVE_INFINITY : now.getTime() - last.at;
    if (last !== null && age >= 0 && age < FRESH_MS) return last.fleet;
    const rows = await sweeper.find<Row>(`${SELECT} AND NOT s.paused ORDER BY s.tenant_id, s.created_at, s.id`);
    const fleet = fleetOf(rows, await enabled(sweeper));
    last = { fleet, at: now.getTime() };
    return fleet;
  };
}

/** One server as it is now, also a paused one: somebody asks for it. */
export async function watchedOne(sweeper: Sweeper, tenantId: string, id: string): Promise<Watched | null> {
  const rows = await sweeper.find<Row>(`${SELECT} AND s.tenant_id = $1 AND s.id = $2`, [tenantId, id]);
  return fleetOf(rows, await enabled(sweeper)).servers[0] ?? null;
}

/** PURE. @param rows of each tenant the oldest first: they are the ones within the tier's number */
export function fleetOf(rows: readonly Row[], regions: string[]): Fleet {
  const counted = new Map<string, number>();
  // The same few lists for thousands of servers.
  const lists = new Map<string, string[]>();
  const servers = rows.flatMap((row): Watched[] => {
    const tier = allows(row.tier);
    const number = (counted.get(row.tenant_id) ?? 0) + 1;
    counted.set(row.tenant_id, number);
    if (number > tier.servers) return [];
    const asked = askedRegions(row.id, row.regions, regions, row.tier);
    const key = asked.join();
    const expected = lists.get(key) ?? asked;
    lists.set(key, expected);
    const intervalS = pacedIntervalS(Math.max(row.interval_s, tier.shortestIntervalS), row.factor);
    return [{ tenantId: row.tenant_id, id: row.id, intervalS, expected, dedicated: tier.dedicated }];
  });
  return { servers, regions };
}

async function enabled(sweeper: Sweeper): Promise<string[]> {
  const rows = await sweeper.find<{ name: string }>("SELECT name FROM region WHERE enabled ORDER BY name");
  return rows.map((r) => r.name);
}
