import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { openHidden, partConfig, sealHidden, sinkConfigSchema, sinkKind, sinkNameSchema } from "./input.ts";
import { liveSink } from "./live-sink.ts";

/** Saves the form anew; a secret left empty stays as stored. Saving does not enable a disabled sink. */
export const changeSink = defineCommand({
  action: "sink.change",
  input: z.strictObject({ sinkId: z.uuid(), name: sinkNameSchema, config: sinkConfigSchema }),
  async run({ tx, input, actor, now }) {
    const before = await liveSink(tx, actor.tenantId, input.sinkId);
    const sink = sinkKind(before.kind);
    const kept = await openHidden(tx, actor.tenantId, before.id, before.sealed);
    const { config, hidden } = partConfig(sink, input.config, kept);
    await tx.sink.update({
      where: { tenantId_id: { tenantId: actor.tenantId, id: before.id } },
      data: {
        name: input.name,
        config,
        sealed: await sealHidden(tx, actor.tenantId, before.id, hidden),
        updatedAt: now,
      },
    });
    await liveHint(tx, { tenant: actor.tenantId, what: "sink", id: before.id });
    const renewed = Object.keys(hidden).filter((name) => hidden[name] !== kept[name]);
    return {
      result: undefined,
      audit: {
        target: `sink:${before.id}`,
        body: {
          name: { before: before.name, after: input.name },
          fields: Object.keys(config),
          secretsRenewed: renewed,
        },
        ...personal(before.id, before.config, config),
      },
    };
  },
});

/** A mail address may stand in a form: what it said before and after goes where it can be erased. */
function personal(sinkId: string, was: unknown, will: Record<string, string>) {
  const before = (was ?? {}) as Record<string, unknown>;
  const changed = [...new Set([...Object.keys(before), ...Object.keys(will)])].filter((n) => before[n] !== will[n]);
  if (changed.length === 0) return {};
  const pairs = changed.map((n) => [n, { before: before[n] ?? null, after: will[n] ?? null }]);
  return { personal: { subject: `sink:${sinkId}`, body: { form: Object.fromEntries(pairs) } } };
}
