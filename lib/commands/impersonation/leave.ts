import type { Db } from "#lib/adapters/db";
import type { Viewer } from "#lib/queries/session";
import { endVisit } from "./end-row.ts";

/** The button of the banner. It is no command of the table: whoever makes a visit may always end it. */
export async function leaveVisit(db: Db, viewer: Viewer, from: string): Promise<void> {
  if (viewer.acting === null || viewer.seat === null) return;
  await endVisit(
    db,
    { tenantId: viewer.seat.id, grantId: viewer.acting.grantId },
    { by: viewer.personId, why: "left", from },
  );
}
