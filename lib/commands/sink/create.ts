import { randomUUID } from "node:crypto";
import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { partConfig, sealHidden, sinkConfigSchema, sinkKind, sinkNameSchema } from "./input.ts";

export const createSink = defineCommand({
  action: "sink.change",
  auditAs: "sink.create",
  input: z.strictObject({ kind: z.string().max(40), name: sinkNameSchema, config: sinkConfigSchema }),
  async run({ tx, input, actor, now }) {
    const sink = sinkKind(input.kind);
    const { config, hidden } = partConfig(sink, input.config);
    const id = randomUUID();
    await tx.sink.create({
      data: {
        tenantId: actor.tenantId,
        id,
        kind: sink.kind,
        name: input.name,
        config,
        sealed: await sealHidden(tx, actor.tenantId, id, hidden),
        createdBy: actor.personId,
        createdAt: now,
        updatedAt: now,
      },
    });
    await liveHint(tx, { tenant: actor.tenantId, what: "sink", id });
    return {
      result: { sinkId: id },
      audit: {
        target: `sink:${id}`,
        body: { kind: sink.kind, name: input.name, fields: Object.keys(config), secrets: Object.keys(hidden) },
      },
    };
  },
});
