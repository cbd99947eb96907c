import { randomBytes, randomUUID } from "node:crypto";
import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { dnsToken } from "#lib/domain/proof";
import { addressPolicy } from "#lib/queries/address-policy";
import { partConfig, sealHidden, sinkConfigSchema, sinkKind, sinkNameSchema } from "./input.ts";

/** A new sink is nobody's: until somebody shows whose it is, nothing but its challenge goes there. */
export const createSink = defineCommand({
  action: "sink.change",
  auditAs: "sink.create",
  input: z.strictObject({ kind: z.string().max(40), name: sinkNameSchema, config: sinkConfigSchema }),
  async run({ tx, input, actor, now }) {
    const sink = sinkKind(input.kind);
    const { config, hidden } = partConfig(sink, input.config, await addressPolicy(tx));
    const id = randomUUID();
    await tx.sink.create({
      data: {
        tenantId: actor.tenantId,
        id,
        kind: sink.kind,
        name: input.name,
        // Nobody has confirmed yet; recipients are told one by one as they do.
        config: sink.kind === "email" ? { ...config, confirmed: "" } : config,
        sealed: await sealHidden(tx, actor.tenantId, id, hidden),
        secretAt: Object.keys(hidden).length > 0 ? now : null,
        dnsToken: sink.kind === "webhook" ? dnsToken(randomBytes(20)) : null,
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
