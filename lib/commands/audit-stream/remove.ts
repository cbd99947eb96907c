import { z } from "zod";
import { defineCommand } from "#lib/commands/command";
import { liveStream } from "./input.ts";

/** Its secret goes at once; what the receiver has stays there. */
export const removeAuditStream = defineCommand({
  action: "audit_stream.change",
  auditAs: "audit_stream.remove",
  input: z.strictObject({ streamId: z.uuid() }),
  async run({ tx, input, actor, now }) {
    const stream = await liveStream(tx, actor.tenantId, input.streamId);
    await tx.auditStream.update({
      where: { tenantId_id: { tenantId: actor.tenantId, id: stream.id } },
      data: { removedAt: now, updatedAt: now, sealed: null },
      select: { id: true },
    });
    return {
      result: { name: stream.name },
      audit: { target: `audit_stream:${stream.id}`, body: { kind: stream.kind, name: stream.name } },
    };
  },
});
