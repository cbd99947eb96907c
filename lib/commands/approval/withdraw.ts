import { z } from "zod";
import { now as clockNow } from "#lib/adapters/clock";
import type { Db } from "#lib/adapters/db";
import { type Actor, traced } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { end, note } from "./row.ts";

/** Whoever asked takes it back. No permission of its own: it only ends what is one's own. @throws TocsinError E_NOT_FOUND, E_STATE */
export function withdraw(db: Db, id: string, actor: Actor): Promise<{ sentence: string }> {
  const none = new TocsinError("E_NOT_FOUND", "There is no such approval of yours.");
  if (!z.uuid().safeParse(id).success || actor.acting) throw none;
  const home = traced(actor, actor.tenantId);
  return db.withTenant(home, async (tx) => {
    const row = await tx.approval.findFirst({ where: { tenantId: actor.tenantId, id, askedBy: actor.personId } });
    if (row === null) throw none;
    await end(tx, row, "withdrawn", actor, null, clockNow());
    await note(tx, home, row, "withdraw");
    return { sentence: row.sentence };
  });
}
