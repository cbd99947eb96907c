import { z } from "zod";
import { hint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";

/** Refused from the next request on. What it said still fires is over, because nobody will say so any more. */
export const revokeSource = defineCommand({
  action: "source.change",
  auditAs: "source.revoke",
  input: z.strictObject({ sourceId: z.uuid() }),
  async run({ tx, input: { sourceId }, actor, now }) {
    const where = { tenantId: actor.tenantId, id: sourceId };
    const source = await tx.inboundSource.findFirst({ where, select: { name: true } });
    if (source === null) throw new TocsinError("E_NOT_FOUND", "There is no such source.");
    const { count } = await tx.inboundSource.updateMany({
      where: { ...where, revokedAt: null },
      data: { revokedAt: now, revokedBy: actor.personId },
    });
    if (count === 0) throw new TocsinError("E_STATE", "Its key was taken back already.");
    const firing = await tx.inboundAlert.updateMany({
      where: { tenantId: actor.tenantId, sourceId, status: "firing" },
      data: { status: "resolved", endsAt: now, waitingSince: now },
    });
    await hint(tx, "tocsin_inbound");
    return {
      result: { name: source.name },
      audit: { target: `inbound_source:${sourceId}`, body: { name: source.name, ended: firing.count } },
    };
  },
});
