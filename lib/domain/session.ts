// How long a sign-in lasts. A session ends 30 minutes after the person last did something (moved through the console,
// not: had it open), and 12 hours after sign-in whatever happens.
export const SESSION_IDLE_MS = 30 * 60_000;
export const SESSION_ABSOLUTE_MS = 12 * 3_600_000;
/** Activity is written at most this often. */
export const SESSION_TOUCH_MS = 60_000;

export function sessionHolds(session: { lastSeenAt: Date; expiresAt: Date }, now: Date): boolean {
  return now.getTime() < session.expiresAt.getTime() && now.getTime() - session.lastSeenAt.getTime() < SESSION_IDLE_MS;
}

/** What matters is done within five minutes of proving who one is. */
export const FRESH_MS = 5 * 60_000;
/** The identity provider is asked for the groups again this often: a role that was taken away is felt by then. */
export const GROUPS_MAX_AGE_MS = 5 * 60_000;
/** While it does not answer: so long groups of an earlier answer still allow changes … */
export const GROUPS_WRITE_MS = 15 * 60_000;
/** … and so long they allow reading. */
export const GROUPS_READ_MS = 60 * 60_000;

/**
 * What a session is worth by the age of its groups.
 * ask: the provider has to be asked; reads: it did not answer for long, so nothing is changed; over: for too long.
 */
export function groupsStand(checkedAt: Date, now: Date): "hold" | "ask" | "reads" | "over" {
  const age = now.getTime() - checkedAt.getTime();
  if (age < GROUPS_MAX_AGE_MS) return "hold";
  if (age < GROUPS_WRITE_MS) return "ask";
  return age < GROUPS_READ_MS ? "reads" : "over";
}

export function freshEnough(authTime: Date | null, now: Date): boolean {
  return authTime !== null && now.getTime() - authTime.getTime() <= FRESH_MS;
}
