import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { onCall } from "#lib/queries/roster";

/** Through which sinks somebody is reached, all of them at once, in this order; none: not at all. */
export const saveContacts = defineCommand({
  action: "schedule.change",
  auditAs: "contact.save",
  input: z.strictObject({
    personId: z.uuid("Choose a person."),
    sinkIds: z.array(z.uuid("Choose a sink.")).max(10, "A person is reached through ten sinks at most."),
  }),
  async run({ tx, input, actor: { tenantId }, now }) {
    const { personId } = input;
    const sinkIds = [...new Set(input.sinkIds)];
    const person = (await onCall(tx, now)).people.find((p) => p.id === personId);
    if (person === undefined)
      throw new TocsinError("E_NOT_FOUND", "Nobody of this tenant's staff is known by this id.");
    const known = await tx.sink.count({ where: { tenantId, id: { in: sinkIds }, removedAt: null } });
    if (known !== sinkIds.length)
      throw new TocsinError("E_INVALID", "One of the sinks was removed meanwhile: load the page again.", {
        field: "sinkIds",
      });
    // One after the other, so that two who save at once leave one of the two lists.
    await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`contact:${tenantId}:${personId}`}, 0))::text`;
    await tx.contact.deleteMany({ where: { tenantId, personId } });
    await tx.contact.createMany({ data: sinkIds.map((sinkId, ordinal) => ({ tenantId, personId, sinkId, ordinal })) });
    await liveHint(tx, { tenant: tenantId, what: "policy", id: personId });
    return {
      result: undefined,
      audit: { target: `person:${personId}`, body: { before: [...person.sinkIds], after: sinkIds } },
    };
  },
});
