import { z } from "zod";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { challenge } from "./challenge-row.ts";
import { liveSink } from "./live-sink.ts";

/** Sends what shows whose the sink is: a code into the channel, a link to each recipient, a challenge to the receiver. */
export const challengeSink = defineCommand({
  action: "sink.prove",
  auditAs: "sink.challenge",
  input: z.strictObject({ sinkId: z.uuid() }),
  async run({ tx, input, actor, now }) {
    const sink = await liveSink(tx, actor.tenantId, input.sinkId);
    if (sink.state === "disabled" && sink.provenAt !== null)
      throw new TocsinError("E_STATE", "This sink is disabled: enable it, then ask again.");
    const done = await challenge(tx, sink, { by: actor.personId, now });
    return { result: done, audit: { target: `sink:${sink.id}`, body: { ...done } } };
  },
});
