import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { newFeedToken } from "#lib/queries/feed";

/** A new address for its calendar, or none: the one before is refused from the next request on. Shown once. */
export const changeFeed = defineCommand({
  action: "schedule.change",
  auditAs: "schedule.feed",
  input: z.strictObject({ scheduleId: z.uuid(), give: z.enum(["new", "none"]) }),
  async run({ tx, input: { scheduleId: id, give }, actor: { tenantId }, now }) {
    const schedule = await tx.schedule.findFirst({ where: { tenantId, id, removedAt: null }, select: { name: true } });
    if (schedule === null)
      throw new TocsinError("E_NOT_FOUND", "There is no such schedule: it may have been removed meanwhile.");
    const made = give === "new" ? newFeedToken(tenantId) : null;
    await tx.schedule.update({
      where: { tenantId_id: { tenantId, id } },
      data: { feedHash: made?.hash ?? null, feedMadeAt: made === null ? null : now },
    });
    await liveHint(tx, { tenant: tenantId, what: "policy", id });
    return {
      result: { token: made?.token ?? null },
      audit: { target: `schedule:${id}`, body: { name: schedule.name, address: give } },
    };
  },
});
