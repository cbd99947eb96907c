import { randomUUID } from "node:crypto";
import { z } from "zod";
import { defineCommand } from "#lib/commands/command";
import { MAX_STREAMS } from "#lib/domain/audit/stream";
import { TocsinError } from "#lib/domain/error";
import { partStream, sealStream, streamConfigSchema, streamKindSchema, streamNameSchema } from "./input.ts";

/** It begins with the first event of every log: whoever reads the copy can verify it from its beginning. */
export const addAuditStream = defineCommand({
  action: "audit_stream.change",
  auditAs: "audit_stream.add",
  input: z.strictObject({ kind: streamKindSchema, name: streamNameSchema, config: streamConfigSchema }),
  async run({ tx, input, actor, now }) {
    const { config, hidden } = partStream(input.kind, input.config);
    if ((await tx.auditStream.count({ where: { tenantId: actor.tenantId, removedAt: null } })) >= MAX_STREAMS)
      throw new TocsinError("E_LIMIT", `There are ${MAX_STREAMS} streams already: remove one first.`);
    const id = randomUUID();
    await tx.auditStream.create({
      data: {
        ...{ tenantId: actor.tenantId, id, kind: input.kind, name: input.name, config },
        ...{
          sealed: await sealStream(tx, actor.tenantId, id, hidden),
          createdBy: actor.personId,
          createdAt: now,
          updatedAt: now,
        },
      },
    });
    return {
      result: { streamId: id },
      audit: {
        target: `audit_stream:${id}`,
        body: { kind: input.kind, name: input.name, config, secrets: Object.keys(hidden) },
      },
    };
  },
});
