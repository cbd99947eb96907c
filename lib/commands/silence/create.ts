import { randomUUID } from "node:crypto";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { silenceInput } from "#lib/domain/silence";

/** From now on, for one server or for all of the tenant. What is told already stays told. */
export const createSilence = defineCommand({
  action: "silence.change",
  auditAs: "silence.create",
  input: silenceInput,
  async run({ tx, input, actor, now }) {
    if (
      input.serverId !== null &&
      (await tx.server.count({ where: { tenantId: actor.tenantId, id: input.serverId, removedAt: null } })) === 0
    ) {
      throw new TocsinError("E_NOT_FOUND", "There is no such server.", { field: "serverId" });
    }
    const id = randomUUID();
    const endsAt = new Date(now.getTime() + input.minutes * 60_000);
    await tx.silence.create({
      data: {
        tenantId: actor.tenantId,
        id,
        serverId: input.serverId,
        comment: input.comment,
        startsAt: now,
        endsAt,
        createdBy: actor.personId,
        createdAt: now,
      },
    });
    await liveHint(tx, { tenant: actor.tenantId, what: "silence", id });
    return {
      result: { id, endsAt },
      audit: {
        target: `silence:${id}`,
        body: { serverId: input.serverId, endsAt: endsAt.toISOString() },
        personal: { subject: `person:${actor.personId}`, body: { comment: input.comment } },
      },
    };
  },
});
