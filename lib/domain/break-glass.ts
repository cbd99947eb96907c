// Emergency accounts: a way in for root operators when the identity provider is away. Pure.
/** No identity provider has this issuer: OIDC issuers are https addresses. */
export const BREAK_GLASS_ISSUER = "tocsin:break-glass";
/** The group that makes a root operator of them; the database refuses it to anybody of another issuer. */
export const BREAK_GLASS_GROUP = "tocsin:break-glass";
/** An hour, whatever is done in it. */
export const BREAK_GLASS_SESSION_MS = 3_600_000;
/** What is not tried for longer cannot be relied on. */
export const EXERCISE_EVERY_MS = 90 * 86_400_000;

/** Groups of this beginning are ours: whoever else names one is not listened to. */
export const isReservedGroup = (group: string): boolean => group.startsWith("tocsin:");

export type Exercise = "never" | "overdue" | "in time";

export function exercise(account: { createdAt: Date; lastUsedAt: Date | null }, now: Date): Exercise {
  const since = now.getTime() - (account.lastUsedAt ?? account.createdAt).getTime();
  if (since > EXERCISE_EVERY_MS) return "overdue";
  return account.lastUsedAt === null ? "never" : "in time";
}
