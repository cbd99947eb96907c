// What a tier allows: the one checked-in table of it. Whoever hosts this edits it here; servers, intervals and retention
// are enforced from it and nowhere else.
import { createHash } from "node:crypto";

export const TIERS = ["public", "author", "team", "enterprise"] as const;
export type Tier = (typeof TIERS)[number];

interface Allows {
  servers: number;
  shortestIntervalS: number;
  /** From how many regions each server is looked at, at most. */
  regions: number;
  /** Its checks run in processes that no other tenant uses. */
  dedicated: boolean;
  /** Days that the minutes of each server are kept: what it looked like, and how long it took. */
  minutesDays: number;
  /** Days that a resolved incident is kept with its timeline, notices and deliveries. */
  incidentsDays: number;
  /** Incidents that are told one by one within an hour; those above are counted in one digest. */
  noticesPerHour: number;
}

const TABLE: Record<Tier, Allows> = {
  public: {
    servers: 3,
    shortestIntervalS: 60,
    regions: 2,
    dedicated: false,
    minutesDays: 7,
    incidentsDays: 90,
    noticesPerHour: 6,
  },
  author: {
    servers: 25,
    shortestIntervalS: 60,
    regions: 3,
    dedicated: false,
    minutesDays: 90,
    incidentsDays: 395,
    noticesPerHour: 30,
  },
  team: {
    servers: 250,
    shortestIntervalS: 30,
    regions: 5,
    dedicated: false,
    minutesDays: 180,
    incidentsDays: 760,
    noticesPerHour: 120,
  },
  enterprise: {
    servers: 5000,
    shortestIntervalS: 15,
    regions: 5,
    dedicated: true,
    minutesDays: 400,
    incidentsDays: 2557,
    noticesPerHour: 600,
  },
};

/** The mildest tier's limits for a name that is none. */
export function allows(tier: string): Allows {
  return TABLE[tier as Tier] ?? TABLE.public;
}

export const isTier = (name: string): name is Tier => (TIERS as readonly string[]).includes(name);
export const SERVER_LIMIT: Record<string, number> = Object.fromEntries(TIERS.map((t) => [t, TABLE[t].servers]));
export const shortestIntervalS = (tier: string): number => allows(tier).shortestIntervalS;

/**
 * The regions that look at a server: those chosen for it, or all, and of them as many as its tier allows. Which ones
 * is settled by the server's id, so that everybody finds the same, and one region more moves few servers.
 * @param chosen none: every enabled one
 */
export function askedRegions(
  serverId: string,
  chosen: readonly string[],
  enabled: readonly string[],
  tier: string,
): string[] {
  const some = chosen.length === 0 ? enabled : enabled.filter((r) => chosen.includes(r));
  // A server whose every region was switched off is asked from all of them rather than from none.
  const asked = some.length > 0 ? some : enabled;
  const most = allows(tier).regions;
  if (asked.length <= most) return [...asked];
  const rank = (region: string) => createHash("sha256").update(`${serverId} ${region}`).digest("hex");
  return asked
    .map((region) => ({ region, rank: rank(region) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .slice(0, most)
    .map(({ region }) => region)
    .sort();
}
