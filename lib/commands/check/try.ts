import { z } from "zod";
import { defineCommand } from "#lib/commands/command";
import { liveCheck } from "./row.ts";
import { askForTry } from "./try-request.ts";

/** One look now, from one region, that counts for nothing: to see what comes back. */
export const tryCheck = defineCommand({
  action: "check.change",
  auditAs: "check.try",
  input: z.strictObject({ checkId: z.uuid() }),
  async run({ tx, input, actor, now }) {
    const { serverId } = await liveCheck(tx, actor.tenantId, input.checkId);
    const asked = { tenantId: actor.tenantId, personId: actor.personId, serverId, checkId: input.checkId };
    const requestId = await askForTry(tx, asked, now);
    return {
      result: { serverId, requestId },
      audit: { target: `server:${serverId}`, body: { check: input.checkId, requestId } },
    };
  },
});
