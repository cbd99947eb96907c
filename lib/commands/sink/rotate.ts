import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { FORMER_HOLDS_MS, withNext } from "#lib/domain/proof";
import { addressPolicy } from "#lib/queries/address-policy";
import { challenge } from "./challenge-row.ts";
import { openHidden, partConfig, sealHidden, sinkConfigSchema, sinkKind } from "./input.ts";
import { liveSink, lockSink } from "./live-sink.ts";
import { signWithBoth } from "./prove-row.ts";

/**
 * A new secret in the place of the present one, without a gap. A webhook's signs at once, and the former one for a day
 * beside it. Another kind's waits until the code that was sent with it is typed back; till then the present one is used.
 */
export const rotateSecret = defineCommand({
  action: "sink.secret",
  auditAs: "sink.rotate",
  input: z.strictObject({ sinkId: z.uuid(), config: sinkConfigSchema }),
  async run({ tx, input, actor, now }) {
    await lockSink(tx, input.sinkId);
    const row = await liveSink(tx, actor.tenantId, input.sinkId);
    const sink = sinkKind(row.kind);
    const kept = await openHidden(tx, actor.tenantId, row.id, row.sealed);
    const given = Object.fromEntries(Object.entries(input.config).filter(([, value]) => value.trim() !== ""));
    const stranger = Object.keys(given).find((name) => !sink.secretFields.includes(name));
    if (stranger !== undefined || Object.keys(given).length === 0)
      throw new TocsinError("E_INVALID", "Enter the new secret.", { field: `config.${sink.secretFields[0] ?? ""}` });
    if (row.provenAt === null)
      throw new TocsinError(
        "E_UNPROVEN",
        "Prove first that this sink is yours; a secret in its settings can be changed at once.",
      );
    if (row.state === "disabled")
      throw new TocsinError("E_STATE", "This sink is disabled: enable it, then replace its secret.");
    const form = Object.fromEntries(
      sink.fields.map(({ name }) => [name, given[name] ?? (row.config as Record<string, string>)[name] ?? ""]),
    );
    const { hidden } = partConfig(sink, form, await addressPolicy(tx), kept);
    const next = Object.fromEntries(Object.entries(hidden).filter(([name]) => hidden[name] !== kept[name]));
    if (Object.keys(next).length === 0)
      throw new TocsinError("E_INVALID", "This is the secret in use: enter another.", {
        field: `config.${Object.keys(given)[0] ?? ""}`,
      });
    const atOnce = row.kind === "webhook";
    const stored = atOnce ? signWithBoth(kept["secret"] ?? "", hidden["secret"] ?? "", now) : withNext(kept, next);
    await tx.sink.update({
      where: { tenantId_id: { tenantId: actor.tenantId, id: row.id } },
      data: {
        sealed: await sealHidden(tx, actor.tenantId, row.id, stored),
        updatedAt: now,
        ...(atOnce ? { secretAt: now, formerSecretUntil: new Date(now.getTime() + FORMER_HOLDS_MS) } : {}),
      },
    });
    if (!atOnce) await challenge(tx, row, { by: actor.personId, now, rotates: true });
    await liveHint(tx, { tenant: actor.tenantId, what: "sink", id: row.id });
    return {
      result: { atOnce },
      audit: { target: `sink:${row.id}`, body: { secrets: Object.keys(next), inUse: atOnce } },
    };
  },
});
