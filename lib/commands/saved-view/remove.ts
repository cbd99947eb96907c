import type { Db } from "#lib/adapters/db";
import { TocsinError } from "#lib/domain/error";
import { type Owner, refuseVisitor } from "./save.ts";

/** @throws TocsinError E_NOT_FOUND for a view of somebody else's, and for one that never was */
export async function removeView(db: Db, viewer: Owner, id: string): Promise<void> {
  refuseVisitor(viewer);
  const known = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);
  const { count } = known
    ? await db.global((tx) => tx.savedView.deleteMany({ where: { id, personId: viewer.personId } }))
    : { count: 0 };
  if (count === 0) throw new TocsinError("E_NOT_FOUND", "There is no such view.");
}
