import { randomUUID } from "node:crypto";
import type { Db } from "#lib/adapters/db";
import { SESSION_ABSOLUTE_MS } from "#lib/domain/session";
import { tokenHash } from "#lib/queries/session";

/** A new session for somebody who has just signed in; also sweeps away this person's ended ones. */
export async function startSession(
  db: Db,
  given: { token: string; personId: string; userAgent: string },
  now: Date,
): Promise<void> {
  await db.global(async (tx) => {
    await tx.session.deleteMany({ where: { personId: given.personId, expiresAt: { lte: now } } });
    await tx.session.create({
      data: {
        id: randomUUID(),
        tokenHash: tokenHash(given.token),
        personId: given.personId,
        createdAt: now,
        lastSeenAt: now,
        expiresAt: new Date(now.getTime() + SESSION_ABSOLUTE_MS),
        userAgent: given.userAgent.slice(0, 200),
      },
    });
  });
}
