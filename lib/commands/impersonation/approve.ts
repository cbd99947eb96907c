// The second person: lets a visit change things. Nobody lets themselves, nor whom they look as.
import { z } from "zod";
import { defineCommand } from "#lib/commands/command";
import { liveHint } from "#lib/adapters/hint";
import { BREAK_GLASS_ISSUER } from "#lib/domain/break-glass";
import { TocsinError } from "#lib/domain/error";
import { visitState } from "#lib/domain/grant";
import { makersOf } from "#lib/queries/approvers";
import { databaseNow } from "./begin-row.ts";
import { scopeOf } from "./scope.ts";

export const approveVisit = defineCommand({
  action: "impersonation.approve",
  input: z.strictObject({ tenantId: z.uuid(), visitId: z.uuid() }),
  tenant: (input) => input.tenantId,
  async run({ tx, input, actor }) {
    const { tenant } = await scopeOf(tx, actor.personId, input.tenantId);
    const asked = await tx.impersonationGrant.findFirst({
      where: { tenantId: tenant.id, id: input.visitId, mode: "rw" },
    });
    if (asked === null) throw new TocsinError("E_NOT_FOUND", "There is no such visit.");
    if (asked.actorId === actor.personId || asked.targetId === actor.personId || asked.sessionId === actor.sessionId)
      throw new TocsinError("E_SELF_APPROVAL", "Somebody else has to let you change things.");
    if ((await makersOf(tx, asked.actorId)).includes(actor.personId))
      throw new TocsinError(
        "E_SELF_APPROVAL",
        "You made the emergency account that asked for this: somebody else has to let it change things.",
      );
    const me = await tx.person.findUniqueOrThrow({ where: { id: actor.personId }, select: { issuer: true } });
    if (me.issuer === BREAK_GLASS_ISSUER)
      throw new TocsinError("E_SELF_APPROVAL", "An emergency account is nobody's second person.");
    const at = await databaseNow(tx);
    if (asked.endedAt !== null) throw new TocsinError("E_STATE", "This is over already: look at the list again.");
    if (asked.approvedAt !== null) throw new TocsinError("E_STATE", "Somebody else was faster: this is approved.");
    if (visitState(asked, at) !== "asked")
      throw new TocsinError("E_EXPIRED", "This was not decided within 15 minutes: whoever needs it asks again.");
    const { count } = await tx.impersonationGrant.updateMany({
      where: { tenantId: tenant.id, id: asked.id, approvedAt: null, endedAt: null },
      data: { approvedBy: actor.personId, approvedSession: actor.sessionId ?? null, approvedAt: at },
    });
    if (count === 0) throw new TocsinError("E_STATE", "Somebody else was faster: look at the list again.");
    await liveHint(tx, { tenant: tenant.id, what: "visit", id: asked.id });
    return {
      result: undefined,
      audit: { target: `visit:${asked.id}`, body: { for: asked.actorId, as: asked.targetId } },
    };
  },
});
