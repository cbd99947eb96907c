import { randomUUID } from "node:crypto";
import { hint, liveHint } from "#lib/adapters/hint";
import type { Tx } from "#lib/adapters/db";

/** Asks the worker for one look at a check now; one that is asked for and not yet taken is not asked for twice. */
export async function askForTry(
  tx: Tx,
  of: { tenantId: string; personId: string; serverId: string; checkId: string },
  now: Date,
): Promise<string> {
  const waiting = await tx.request.findFirst({
    where: { kind: "try-check", state: "pending", payload: { path: ["checkId"], equals: of.checkId } },
    select: { id: true },
  });
  if (waiting !== null) return waiting.id;
  const id = randomUUID();
  await tx.request.create({
    data: {
      tenantId: of.tenantId,
      id,
      kind: "try-check",
      payload: { serverId: of.serverId, checkId: of.checkId },
      createdBy: of.personId,
      createdAt: now,
    },
  });
  await hint(tx, "tocsin_request");
  await liveHint(tx, { tenant: of.tenantId, what: "request", id });
  return id;
}
