import type { Db } from "#lib/adapters/db";
import { SESSION_TOUCH_MS } from "#lib/domain/session";

/** The person did something: the idle limit starts again. Not audited: it says nothing about what was done. */
export async function touchSession(db: Db, sessionId: string, now: Date): Promise<void> {
  await db.global((tx) =>
    tx.session.updateMany({
      where: { id: sessionId, lastSeenAt: { lt: new Date(now.getTime() - SESSION_TOUCH_MS + 1) } },
      data: { lastSeenAt: now },
    }),
  );
}
