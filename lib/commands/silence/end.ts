import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";

/** Before its time. Incidents that it held are looked at again at once, and told when nothing else silences them. */
export const endSilence = defineCommand({
  action: "silence.change",
  auditAs: "silence.end",
  input: z.strictObject({ silenceId: z.uuid() }),
  async run({ tx, input, actor, now }) {
    // Waits for whoever is just letting it hold an incident, so that the update below sees that incident.
    const [before] = await tx.$queryRaw<
      { endsAt: Date }[]
    >`SELECT ends_at AS "endsAt" FROM silence WHERE tenant_id = app.tenant() AND id = ${input.silenceId}::uuid FOR UPDATE`;
    const { count } = await tx.silence.updateMany({
      where: { tenantId: actor.tenantId, id: input.silenceId, startsAt: { lte: now }, endsAt: { gt: now } },
      data: { endsAt: now },
    });
    if (count === 0) {
      if ((await tx.silence.count({ where: { tenantId: actor.tenantId, id: input.silenceId } })) === 0)
        throw new TocsinError("E_NOT_FOUND", "There is no such silence.");
      throw new TocsinError("E_STATE", "This silence has ended already.");
    }
    const held = await tx.$executeRaw`UPDATE incident SET next_step_at = ${now}
      WHERE tenant_id = app.tenant() AND silence_id = ${input.silenceId}::uuid AND state = 'open' AND next_step_at > ${now}`;
    await liveHint(tx, { tenant: actor.tenantId, what: "silence", id: input.silenceId });
    const endsAt = { before: before?.endsAt.toISOString() ?? null, after: now.toISOString() };
    return { result: { held }, audit: { target: `silence:${input.silenceId}`, body: { endsAt, held } } };
  },
});
