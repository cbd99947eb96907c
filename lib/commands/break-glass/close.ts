import { z } from "zod";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { defineCommand } from "#lib/commands/command";
import { endAccess } from "#lib/commands/person/end-access";
import { BREAK_GLASS_ISSUER } from "#lib/domain/break-glass";
import { TocsinError } from "#lib/domain/error";

/** For good: its secret opens nothing any more, and whoever is in by it is out. */
export const closeBreakGlass = defineCommand({
  action: "break_glass.change",
  auditAs: "break_glass.close",
  input: z.strictObject({ accountId: z.uuid() }),
  tenant: () => PLATFORM_TENANT,
  async run({ tx, input: { accountId }, actor, now, context }) {
    const account = await tx.breakGlass.findUnique({ where: { id: accountId } });
    if (account === null) throw new TocsinError("E_NOT_FOUND", "There is no such emergency account.");
    const { count } = await tx.breakGlass.updateMany({
      where: { id: accountId, closedAt: null },
      data: { closedAt: now, closedBy: actor.personId },
    });
    if (count === 0) throw new TocsinError("E_STATE", "This emergency account is closed already.");
    const person = await tx.person.findUnique({
      where: { issuer_subject: { issuer: BREAK_GLASS_ISSUER, subject: accountId } },
    });
    let sessions = 0;
    if (person !== null) {
      await tx.person.update({ where: { id: person.id }, data: { groups: [] } });
      sessions = (await endAccess(tx, context, person.id, "disabled")).sessions;
    }
    return {
      result: { name: account.name },
      audit: { target: `break_glass:${accountId}`, body: { name: account.name, sessions } },
    };
  },
});
