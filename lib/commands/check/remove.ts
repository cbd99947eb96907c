import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { liveCheck } from "./row.ts";

export const removeCheck = defineCommand({
  action: "check.change",
  auditAs: "check.remove",
  input: z.strictObject({ checkId: z.uuid() }),
  async run({ tx, input, actor, now }) {
    const { serverId, name, kind } = await liveCheck(tx, actor.tenantId, input.checkId);
    await tx.extraCheck.update({
      where: { tenantId_id: { tenantId: actor.tenantId, id: input.checkId } },
      data: { removedAt: now },
    });
    await liveHint(tx, { tenant: actor.tenantId, what: "server", id: serverId });
    return { result: undefined, audit: { target: `server:${serverId}`, body: { check: input.checkId, kind, name } } };
  },
});
