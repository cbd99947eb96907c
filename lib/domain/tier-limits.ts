// What a tier allows of servers. One table; commands and the scheduler ask it and nothing else.
export const SERVER_LIMIT: Record<string, number> = { public: 3, author: 25, team: 250, enterprise: 5000 };
const SHORTEST_INTERVAL_S: Record<string, number> = { public: 60, author: 60, team: 30, enterprise: 15 };

export function shortestIntervalS(tier: string): number {
  return SHORTEST_INTERVAL_S[tier] ?? 60;
}
