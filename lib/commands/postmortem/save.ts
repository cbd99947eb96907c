import { z } from "zod";
import { defineCommand } from "#lib/commands/command";
import { incidentById } from "#lib/commands/incident/row";
import { TocsinError } from "#lib/domain/error";
import { sectionsInput } from "#lib/domain/postmortem";

/** Its sections, as often as it takes; what is finished stays as it is. */
export const savePostmortem = defineCommand({
  action: "postmortem.change",
  auditAs: "postmortem.save",
  input: z.strictObject({ incidentId: z.uuid(), sections: sectionsInput }),
  async run({ tx, input: { incidentId, sections }, actor, now }) {
    const incident = await incidentById(tx, incidentId);
    if (incident === null) throw new TocsinError("E_NOT_FOUND", "There is no such incident.");
    const { count } = await tx.postmortem.updateMany({
      where: { tenantId: actor.tenantId, incidentId, state: "draft" },
      data: { sections, updatedBy: actor.personId, updatedAt: now },
    });
    if (count === 0) throw new TocsinError("E_STATE", "There is no draft to write: it is finished, or none was begun.");
    return { result: undefined, audit: { target: `incident:${incidentId}`, body: { number: incident.number } } };
  },
});
