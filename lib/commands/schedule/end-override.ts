import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";

/** From now on it is again whose turn it is; one that has not begun never does. */
export const endOverride = defineCommand({
  action: "schedule.change",
  auditAs: "schedule.override",
  input: z.strictObject({ overrideId: z.uuid() }),
  async run({ tx, input: { overrideId: id }, actor: { tenantId }, now }) {
    const found = await tx.scheduleOverride.findFirst({ where: { tenantId, id } });
    if (found === null) throw new TocsinError("E_NOT_FOUND", "There is no such stand-in.");
    if (found.endsAt <= now) throw new TocsinError("E_STATE", "That is over already.");
    const endsAt = new Date(Math.max(found.startsAt.getTime(), now.getTime()));
    await tx.scheduleOverride.update({ where: { tenantId_id: { tenantId, id } }, data: { endsAt } });
    const schedule = await tx.schedule.findFirst({ where: { tenantId, id: found.scheduleId }, select: { name: true } });
    await liveHint(tx, { tenant: tenantId, what: "policy", id: found.scheduleId });
    return {
      result: undefined,
      audit: {
        target: `schedule:${found.scheduleId}`,
        body: { name: schedule?.name ?? "", personId: found.personId, ended: endsAt.toISOString() },
      },
    };
  },
});
