import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { policyStepsSchema } from "#lib/domain/policy";

/** Nobody is on call there any more, and its calendar has no address. Refused while a policy tells it. */
export const removeSchedule = defineCommand({
  action: "schedule.change",
  auditAs: "schedule.remove",
  input: z.strictObject({ scheduleId: z.uuid() }),
  async run({ tx, input: { scheduleId: id }, actor: { tenantId }, now }) {
    const schedule = await tx.schedule.findFirst({ where: { tenantId, id, removedAt: null } });
    if (schedule === null)
      throw new TocsinError("E_NOT_FOUND", "There is no such schedule: it may have been removed meanwhile.");
    const policies = await tx.policy.findMany({ where: { tenantId, removedAt: null } });
    const user = policies.find(({ steps }) => {
      const read = policyStepsSchema.safeParse(steps);
      return read.success && read.data.some((s) => s.targets.some((t) => t.scheduleId === id));
    });
    if (user !== undefined)
      throw new TocsinError("E_STATE", `The policy "${user.name}" tells whoever is on call there: change it first.`);
    await tx.schedule.update({
      where: { tenantId_id: { tenantId, id } },
      data: { removedAt: now, updatedAt: now, feedHash: null, feedMadeAt: null },
    });
    await liveHint(tx, { tenant: tenantId, what: "policy", id });
    return { result: { name: schedule.name }, audit: { target: `schedule:${id}`, body: { name: schedule.name } } };
  },
});
