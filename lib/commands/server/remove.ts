import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { liveServer } from "./live-server.ts";

/** Stops watching. History and incidents stay; the credential is deleted at once. */
export const removeServer = defineCommand({
  action: "server.remove",
  input: z.strictObject({ serverId: z.uuid() }),
  async run({ tx, input, actor, now }) {
    const before = await liveServer(tx, actor.tenantId, input.serverId);
    await tx.server.update({
      where: { tenantId_id: { tenantId: actor.tenantId, id: input.serverId } },
      data: { removedAt: now },
    });
    const { count } = await tx.serverCredential.deleteMany({
      where: { tenantId: actor.tenantId, serverId: input.serverId },
    });
    await liveHint(tx, { tenant: actor.tenantId, what: "server", id: input.serverId });
    return {
      result: { name: before.name },
      audit: { target: `server:${input.serverId}`, body: { name: before.name, credentialDeleted: count > 0 } },
    };
  },
});
