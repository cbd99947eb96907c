import { type Db, WORKER_ACTOR } from "#lib/adapters/db";
import type { LoggedOut } from "#lib/adapters/oidc";
import { TocsinError } from "#lib/domain/error";
import { endFoundSessions } from "./end-found.ts";

/** As long as a logout token may be young, and a little longer. */
const REMEMBER_MS = 10 * 60_000;

/**
 * The identity provider has signed somebody out: their sessions here end with it.
 * @returns how many there were
 * @throws TocsinError E_ID_TOKEN for a word that it has said before
 */
export async function backChannelLogout(
  db: Db,
  said: LoggedOut,
  issuer: string,
  now: Date,
  from: string,
): Promise<number> {
  const sessions = await db.global(async (tx) => {
    if ((await tx.logoutToken.findUnique({ where: { jti: said.jti } })) !== null)
      throw new TocsinError("E_ID_TOKEN", "This was said before.", { detail: "jti seen" });
    return tx.session.findMany({
      where: {
        person: { issuer, ...(said.subject === null ? {} : { subject: said.subject }) },
        ...(said.sid === null ? {} : { idpSid: said.sid }),
      },
    });
  });
  const because = "signed out at the identity provider";
  const ended = await endFoundSessions(db, sessions, { by: WORKER_ACTOR, action: "session.ended", because, from }, now);
  // Remembered last: a crash before it lets the provider say it again.
  await db.global(async (tx) => {
    await tx.logoutToken.deleteMany({ where: { expiresAt: { lt: now } } });
    await tx.logoutToken.createMany({
      data: [{ jti: said.jti, expiresAt: new Date(now.getTime() + REMEMBER_MS) }],
      skipDuplicates: true,
    });
  });
  return ended;
}
