import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { liveSink, lockSink } from "./live-sink.ts";
import { UNPROVEN } from "./prove-row.ts";

/** Nothing more is delivered to it; what is due meanwhile dies with that reason and can be redriven. */
export const disableSink = defineCommand({
  action: "sink.change",
  auditAs: "sink.disable",
  input: z.strictObject({ sinkId: z.uuid() }),
  async run({ tx, input, actor, now }) {
    const sink = await liveSink(tx, actor.tenantId, input.sinkId);
    if (sink.state === "disabled") throw new TocsinError("E_STATE", "This sink is disabled already.");
    await tx.sink.update({
      where: { tenantId_id: { tenantId: actor.tenantId, id: sink.id } },
      data: { state: "disabled", disabledReason: "Disabled by hand.", updatedAt: now },
    });
    await liveHint(tx, { tenant: actor.tenantId, what: "sink", id: sink.id });
    return { result: undefined, audit: { target: `sink:${sink.id}`, body: {} } };
  },
});

export const enableSink = defineCommand({
  action: "sink.change",
  auditAs: "sink.enable",
  input: z.strictObject({ sinkId: z.uuid() }),
  async run({ tx, input, actor, now }) {
    await lockSink(tx, input.sinkId);
    const sink = await liveSink(tx, actor.tenantId, input.sinkId);
    if (sink.state === "enabled") throw new TocsinError("E_STATE", "This sink is enabled already.");
    await tx.sink.update({
      where: { tenantId_id: { tenantId: actor.tenantId, id: sink.id } },
      data: { state: "enabled", disabledReason: null, updatedAt: now, ...ranOut(sink, now) },
    });
    await liveHint(tx, { tenant: actor.tenantId, what: "sink", id: sink.id });
    return { result: undefined, audit: { target: `sink:${sink.id}`, body: { was: sink.disabledReason } } };
  },
});

/** A proof that ran out while the sink was disabled is none: not one notice goes there before it is shown again. */
function ranOut(sink: { kind: string; config: unknown; proofDueAt: Date | null }, now: Date) {
  if (sink.proofDueAt === null || sink.proofDueAt > now) return {};
  const config = sink.config as Record<string, string>;
  return { ...UNPROVEN, ...(sink.kind === "email" ? { config: { ...config, confirmed: "" } } : {}) };
}
