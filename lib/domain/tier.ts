// What a tier allows: the one checked-in table of it. Whoever hosts this edits it here; servers, intervals and retention
// are enforced from it and nowhere else.
export const TIERS = ["public", "author", "team", "enterprise"] as const;
export type Tier = (typeof TIERS)[number];

interface Allows {
  servers: number;
  shortestIntervalS: number;
  /** Days that the minutes of each server are kept: what it looked like, and how long it took. */
  minutesDays: number;
  /** Days that a resolved incident is kept with its timeline, notices and deliveries. */
  incidentsDays: number;
}

const TABLE: Record<Tier, Allows> = {
  public: { servers: 3, shortestIntervalS: 60, minutesDays: 7, incidentsDays: 90 },
  author: { servers: 25, shortestIntervalS: 60, minutesDays: 90, incidentsDays: 395 },
  team: { servers: 250, shortestIntervalS: 30, minutesDays: 180, incidentsDays: 760 },
  enterprise: { servers: 5000, shortestIntervalS: 15, minutesDays: 400, incidentsDays: 2557 },
};

/** The mildest tier's limits for a name that is none. */
export function allows(tier: string): Allows {
  return TABLE[tier as Tier] ?? TABLE.public;
}

export const isTier = (name: string): name is Tier => (TIERS as readonly string[]).includes(name);
export const SERVER_LIMIT: Record<string, number> = Object.fromEntries(TIERS.map((t) => [t, TABLE[t].servers]));
export const shortestIntervalS = (tier: string): number => allows(tier).shortestIntervalS;
