import type { Db } from "#lib/adapters/db";
import { TocsinError } from "#lib/domain/error";
import type { Viewer } from "#lib/queries/session";
import { endFoundSessions } from "./end-found.ts";

/**
 * A person ends one of their own sessions, or all but the one they ask from. No permission stands before it: whoever
 * is signed in may sign out.
 * @param which a session's id, or "others"
 * @returns how many ended
 * @throws TocsinError E_NOT_FOUND for a session that is not theirs, whether it exists or not; E_IMPERSONATION_BLOCKED
 */
export async function endOwnSessions(db: Db, viewer: Viewer, which: string, now: Date, from: string): Promise<number> {
  if (viewer.acting !== null)
    throw new TocsinError("E_IMPERSONATION_BLOCKED", "This is never done as somebody else: end the visit first.");
  const mine = await db.global((tx) => tx.session.findMany({ where: { personId: viewer.personId } }));
  const meant = mine.filter((s) => (which === "others" ? s.id !== viewer.sessionId : s.id === which));
  if (which !== "others" && meant.length === 0)
    throw new TocsinError("E_NOT_FOUND", "There is no such session among yours: it may have ended by itself.");
  const because = which === "others" ? "all others ended by their person" : "ended by its person";
  return endFoundSessions(
    db,
    meant,
    { by: viewer.personId, action: "session.ended", because, visit: "signed_out", from },
    now,
  );
}
