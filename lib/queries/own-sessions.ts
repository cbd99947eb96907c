// Where a person is signed in: only their own sessions, and only those that would still open something.
import type { Db } from "#lib/adapters/db";
import { browserWords } from "#lib/domain/browser";
import { sessionHolds } from "#lib/domain/session";

export interface OwnSession {
  id: string;
  signedInAt: Date;
  lastSeenAt: Date;
  endsAt: Date;
  /** "" when it was not known. */
  address: string;
  browser: string;
  /** It makes a visit to a tenant. */
  visits: boolean;
}

export async function ownSessions(db: Db, personId: string, now: Date): Promise<OwnSession[]> {
  const rows = await db.global((tx) => tx.session.findMany({ where: { personId }, orderBy: { lastSeenAt: "desc" } }));
  return rows
    .filter((row) => sessionHolds(row, now))
    .map((row) => ({
      id: row.id,
      signedInAt: row.createdAt,
      lastSeenAt: row.lastSeenAt,
      endsAt: row.expiresAt,
      address: row.address,
      browser: browserWords(row.userAgent),
      visits: row.grantId !== null,
    }));
}
