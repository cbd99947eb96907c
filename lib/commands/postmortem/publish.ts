import { z } from "zod";
import { defineCommand } from "#lib/commands/command";
import { incidentById } from "#lib/commands/incident/row";
import { TocsinError } from "#lib/domain/error";
import { NEEDED, SECTION_WORDS, storedSections } from "#lib/domain/postmortem";

/** Finished: from here on it is read and not written. Its action items go on. */
export const publishPostmortem = defineCommand({
  action: "postmortem.change",
  auditAs: "postmortem.publish",
  input: z.strictObject({ incidentId: z.uuid() }),
  async run({ tx, input: { incidentId }, actor, now }) {
    const incident = await incidentById(tx, incidentId);
    const [row] = await tx.postmortem.findMany({ where: { tenantId: actor.tenantId, incidentId }, take: 1 });
    if (incident === null || row === undefined) throw new TocsinError("E_NOT_FOUND", "There is no such postmortem.");
    const sections = storedSections(row.sections);
    const missing = NEEDED.find((name) => sections[name] === "");
    if (missing !== undefined)
      throw new TocsinError("E_INVALID", `Write "${SECTION_WORDS[missing].label}" first, and save it.`, {
        field: missing,
      });
    const { count } = await tx.postmortem.updateMany({
      where: { tenantId: actor.tenantId, incidentId, state: "draft" },
      data: { state: "done", doneAt: now, doneBy: actor.personId },
    });
    if (count === 0) throw new TocsinError("E_STATE", "This postmortem is finished already.");
    const items = await tx.actionItem.count({ where: { tenantId: actor.tenantId, incidentId } });
    return { result: undefined, audit: { target: `incident:${incidentId}`, body: { number: incident.number, items } } };
  },
});
