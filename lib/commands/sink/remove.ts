import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { liveSink } from "./live-sink.ts";
import { voidAsked } from "./prove-row.ts";

/** The row stays for its deliveries' sake; its secret goes at once, and it is disabled so that nothing more is sent. */
export const removeSink = defineCommand({
  action: "sink.change",
  auditAs: "sink.remove",
  input: z.strictObject({ sinkId: z.uuid() }),
  async run({ tx, input, actor, now }) {
    const sink = await liveSink(tx, actor.tenantId, input.sinkId);
    await tx.sink.update({
      where: { tenantId_id: { tenantId: actor.tenantId, id: sink.id } },
      data: { removedAt: now, updatedAt: now, sealed: null, state: "disabled", disabledReason: "Removed." },
    });
    // With it goes what was asked of it, and what lets the vendor speak for it.
    await voidAsked(tx, sink.id, now);
    await tx.sinkInbound.deleteMany({ where: { tenantId: actor.tenantId, sinkId: sink.id } });
    await liveHint(tx, { tenant: actor.tenantId, what: "sink", id: sink.id });
    return {
      result: { name: sink.name },
      audit: { target: `sink:${sink.id}`, body: { kind: sink.kind, name: sink.name } },
    };
  },
});
