import type { Db } from "#lib/adapters/db";
import { tokenHash } from "#lib/queries/session";
import { endFoundSessions } from "./end-found.ts";

/** Signs out: the row is gone, so the token opens nothing from the next request on. An unknown token changes nothing. */
export async function endSession(db: Db, token: string, now: Date, from = ""): Promise<void> {
  const session = await db.global((tx) => tx.session.findUnique({ where: { tokenHash: tokenHash(token) } }));
  if (session === null) return;
  const how = { by: session.personId, action: "session.sign_out", visit: "signed_out", from } as const;
  await endFoundSessions(db, [session], how, now);
}
