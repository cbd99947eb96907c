import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { alone, letGo } from "./let-go.ts";

/** None of its times comes any more; what it holds now is told at once, when nothing else holds it. */
export const removeWindow = defineCommand({
  action: "silence.change",
  auditAs: "window.remove",
  input: z.strictObject({ windowId: z.uuid() }),
  async run({ tx, input, actor, now }) {
    await alone(tx, input.windowId);
    const { count } = await tx.maintenanceWindow.updateMany({
      where: { tenantId: actor.tenantId, id: input.windowId, removedAt: null },
      data: { removedAt: now, updatedAt: now },
    });
    if (count === 0) throw new TocsinError("E_NOT_FOUND", "There is no such maintenance window.");
    const held = await letGo(tx, input.windowId, now);
    await liveHint(tx, { tenant: actor.tenantId, what: "silence", id: input.windowId });
    return { result: { held }, audit: { target: `window:${input.windowId}`, body: { held } } };
  },
});
