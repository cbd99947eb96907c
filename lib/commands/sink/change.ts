import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { addressesIn } from "#lib/domain/proof";
import { addressPolicy } from "#lib/queries/address-policy";
import { destinationOf } from "#lib/sinks/ownership";
import {
  openHidden,
  type Parted,
  partConfig,
  sealHidden,
  sinkConfigSchema,
  sinkKind,
  sinkNameSchema,
} from "./input.ts";
import { liveSink, lockSink } from "./live-sink.ts";
import { UNPROVEN, voidAsked } from "./prove-row.ts";

/**
 * Saves the form anew; a secret left empty stays as stored. Saving does not enable a disabled sink. Another destination has
 * to be proven anew; another name has not.
 */
export const changeSink = defineCommand({
  action: "sink.change",
  input: z.strictObject({ sinkId: z.uuid(), name: sinkNameSchema, config: sinkConfigSchema }),
  async run({ tx, input, actor, now }) {
    await lockSink(tx, input.sinkId);
    const before = await liveSink(tx, actor.tenantId, input.sinkId);
    const sink = sinkKind(before.kind);
    const kept = await openHidden(tx, actor.tenantId, before.id, before.sealed);
    const parted = partConfig(sink, input.config, await addressPolicy(tx), kept);
    const was = { ...(before.config as Record<string, string>), ...kept };
    const moved = destinationOf(sink.kind, was) !== destinationOf(sink.kind, { ...parted.config, ...parted.hidden });
    const { config, hidden, proof } = moved
      ? { ...parted, proof: UNPROVEN }
      : sink.kind === "email"
        ? recipientsOf(parted, was, before.provenAt !== null)
        : { ...parted, hidden: { ...signing(kept), ...parted.hidden }, proof: {} };
    if (moved) await voidAsked(tx, before.id, now);
    const renewed = Object.keys(parted.hidden).filter((name) => parted.hidden[name] !== kept[name]);
    await tx.sink.update({
      where: { tenantId_id: { tenantId: actor.tenantId, id: before.id } },
      data: {
        name: input.name,
        config,
        sealed: await sealHidden(tx, actor.tenantId, before.id, hidden),
        ...(renewed.length > 0 ? { secretAt: now } : {}),
        ...proof,
        updatedAt: now,
      },
    });
    await liveHint(tx, { tenant: actor.tenantId, what: "sink", id: before.id });
    return {
      result: undefined,
      audit: {
        target: `sink:${before.id}`,
        body: {
          name: { before: before.name, after: input.name },
          fields: Object.keys(config),
          secretsRenewed: renewed,
          provenAgain: moved,
        },
        ...personal(before.id, before.config, config),
      },
    };
  },
});

/** Who has confirmed stays so; who is new is asked, and who is gone is gone. Without anybody left the sink is nobody's. */
function recipientsOf(parted: Parted, was: Record<string, string>, proven: boolean) {
  const wanted = addressesIn(parted.config["recipients"]);
  // Before it was asked, all were told: whoever stays among them stays told until the proof runs out.
  const told = new Set(addressesIn(was["confirmed"] ?? (proven ? was["recipients"] : "")));
  const still = wanted.filter((address) => told.has(address));
  const config: Record<string, string> = { ...parted.config, confirmed: still.join(", ") };
  return { config, hidden: parted.hidden, proof: still.length === 0 ? UNPROVEN : {} };
}

/** What signs beside the secret for a while, and what waits for its proof, is no part of the form. */
function signing(kept: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(kept).filter(([name]) => /^(former|next:)/.test(name)));
}

/** A mail address may stand in a form: what it said before and after goes where it can be erased. */
function personal(sinkId: string, was: unknown, will: Record<string, string>) {
  const before = (was ?? {}) as Record<string, unknown>;
  const changed = [...new Set([...Object.keys(before), ...Object.keys(will)])].filter((n) => before[n] !== will[n]);
  if (changed.length === 0) return {};
  const pairs = changed.map((n) => [n, { before: before[n] ?? null, after: will[n] ?? null }]);
  return { personal: { subject: `sink:${sinkId}`, body: { form: Object.fromEntries(pairs) } } };
}
