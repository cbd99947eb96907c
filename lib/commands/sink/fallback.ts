import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { liveSink } from "./live-sink.ts";

/** Minutes after which a marked sink is told of a P1 that another has not taken; "" takes the mark away. */
export const FALLBACK_MINUTES = ["", "1", "2", "5", "10"] as const;

export const setFallback = defineCommand({
  action: "sink.change",
  auditAs: "sink.fallback",
  input: z.strictObject({
    sinkId: z.uuid(),
    afterMinutes: z.enum(FALLBACK_MINUTES, "Choose after how many minutes it takes over, or that it does not."),
  }),
  async run({ tx, input, actor }) {
    const sink = await liveSink(tx, actor.tenantId, input.sinkId);
    const afterS = input.afterMinutes === "" ? null : Number(input.afterMinutes) * 60;
    // Not a change of its form: a failing sink is not worth a new try because of it, so updated_at stays.
    await tx.sink.update({
      where: { tenantId_id: { tenantId: actor.tenantId, id: sink.id } },
      data: { fallbackAfterS: afterS },
    });
    await liveHint(tx, { tenant: actor.tenantId, what: "sink", id: sink.id });
    return {
      result: undefined,
      audit: { target: `sink:${sink.id}`, body: { afterS: { before: sink.fallbackAfterS, after: afterS } } },
    };
  },
});
