import { z } from "zod";
import { defineCommand } from "#lib/commands/command";
import { liveStream } from "./input.ts";

/** The worker sends one record that says it is a test, and tries again at once what waits. */
export const testAuditStream = defineCommand({
  action: "platform.change",
  auditAs: "audit_stream.test",
  input: z.strictObject({ streamId: z.uuid() }),
  async run({ tx, input, actor, now }) {
    const stream = await liveStream(tx, actor.tenantId, input.streamId);
    await tx.auditStream.update({
      where: { tenantId_id: { tenantId: actor.tenantId, id: stream.id } },
      data: { testAskedAt: now, retryAt: null },
      select: { id: true },
    });
    return {
      result: undefined,
      audit: { target: `audit_stream:${stream.id}`, body: { kind: stream.kind, name: stream.name } },
    };
  },
});
