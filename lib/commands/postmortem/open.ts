import { z } from "zod";
import type { Prisma } from "#lib/adapters/db";
import { defineCommand } from "#lib/commands/command";
import { incidentById } from "#lib/commands/incident/row";
import { TocsinError } from "#lib/domain/error";
import { DUE_AFTER_MS } from "#lib/domain/postmortem";
import { postmortemDraft } from "#lib/queries/postmortem-draft";

/** By hand, for what no clock asks one of: a P1 gets its draft when it resolves. */
export const openPostmortem = defineCommand({
  action: "postmortem.change",
  auditAs: "postmortem.save",
  input: z.strictObject({ incidentId: z.uuid() }),
  async run({ tx, input: { incidentId }, actor, now }) {
    const incident = await incidentById(tx, incidentId);
    if (incident === null) throw new TocsinError("E_NOT_FOUND", "There is no such incident.");
    if (incident.state !== "resolved")
      throw new TocsinError("E_STATE", "This incident is still open: write its postmortem when it is over.");
    const sections = await postmortemDraft(tx, incidentId);
    const { count } = await tx.postmortem.createMany({
      data: {
        ...{ tenantId: actor.tenantId, incidentId, sections: (sections ?? {}) as Prisma.InputJsonObject },
        ...{ dueAt: new Date(now.getTime() + DUE_AFTER_MS), createdAt: now, updatedAt: now, updatedBy: actor.personId },
      },
      skipDuplicates: true,
    });
    if (count === 0) throw new TocsinError("E_STATE", "This incident has a postmortem already: open it.");
    return { result: undefined, audit: { target: `incident:${incidentId}`, body: { number: incident.number } } };
  },
});
