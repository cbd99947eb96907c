import { z } from "zod";
import { hint, liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";

/** A dead delivery starts again with a new 24 h; the outbox still withholds it when nobody needs to be told any more. */
export const redriveDelivery = defineCommand({
  action: "delivery.redrive",
  input: z.strictObject({ deliveryId: z.uuid() }),
  async run({ tx, input, actor, now }) {
    const delivery = await tx.delivery.findFirst({ where: { tenantId: actor.tenantId, id: input.deliveryId } });
    const sink =
      delivery === null ? null : await tx.sink.findFirst({ where: { tenantId: actor.tenantId, id: delivery.sinkId } });
    if (delivery === null || sink === null) throw new TocsinError("E_NOT_FOUND", "There is no such delivery.");
    if (sink.removedAt !== null)
      throw new TocsinError("E_STATE", "Its sink was removed, so this cannot be sent again.");
    if (delivery.kind === "challenge")
      throw new TocsinError("E_STATE", "A code is not sent twice: ask for a new one on the sink's page.");
    if (sink.provenAt === null)
      throw new TocsinError("E_UNPROVEN", `Prove first that the sink "${sink.name}" is yours, then send this again.`);
    if (sink.state === "disabled")
      throw new TocsinError("E_STATE", `The sink "${sink.name}" is disabled: enable it first, then send again.`);
    const { count } = await tx.delivery.updateMany({
      where: { tenantId: actor.tenantId, id: delivery.id, state: "dead" },
      data: { state: "pending", dueAt: now, redrivenAt: now, settledAt: null, reason: "Sent again by hand." },
    });
    if (count === 0) throw new TocsinError("E_STATE", "This delivery is not dead any more: look at its newest state.");
    if (delivery.incidentId !== null) {
      await tx.incidentEvent.create({
        data: {
          tenantId: actor.tenantId,
          incidentId: delivery.incidentId,
          at: now,
          stage: "person",
          decision: "redriven",
          sentence: `${actor.name} sent the ${delivery.kind} to ${sink.name} again.`,
          actorId: actor.personId,
          data: { deliveryId: delivery.id, sinkId: sink.id },
        },
      });
    }
    await hint(tx, "tocsin_outbox");
    await liveHint(tx, { tenant: actor.tenantId, what: "delivery", id: delivery.id });
    return {
      result: undefined,
      audit: { target: `delivery:${delivery.id}`, body: { sink: sink.id, kind: delivery.kind, tries: delivery.tries } },
    };
  },
});
