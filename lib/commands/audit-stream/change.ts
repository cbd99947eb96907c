import { z } from "zod";
import { defineCommand } from "#lib/commands/command";
import {
  liveStream,
  openStream,
  partStream,
  sealStream,
  streamConfigSchema,
  streamKindSchema,
  streamNameSchema,
} from "./input.ts";

/** Its position stays: what the old address took is not sent to the new one. A secret left empty stays as stored. */
export const changeAuditStream = defineCommand({
  action: "audit_stream.change",
  input: z.strictObject({ streamId: z.uuid(), name: streamNameSchema, config: streamConfigSchema }),
  async run({ tx, input, actor, now }) {
    const before = await liveStream(tx, actor.tenantId, input.streamId);
    const kept = await openStream(tx, actor.tenantId, before.id, before.sealed);
    const { config, hidden } = partStream(streamKindSchema.parse(before.kind), input.config, kept);
    await tx.auditStream.update({
      where: { tenantId_id: { tenantId: actor.tenantId, id: before.id } },
      data: {
        ...{ name: input.name, config, sealed: await sealStream(tx, actor.tenantId, before.id, hidden) },
        ...{ updatedAt: now, retryAt: null },
      },
      select: { id: true },
    });
    return {
      result: undefined,
      audit: {
        target: `audit_stream:${before.id}`,
        body: {
          name: { before: before.name, after: input.name },
          config: { before: before.config as Record<string, string>, after: config },
          secretsRenewed: Object.keys(hidden).filter((name) => hidden[name] !== kept[name]),
        },
      },
    };
  },
});
