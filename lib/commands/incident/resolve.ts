import { z } from "zod";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { cleanText } from "#lib/domain/text";
import { closeIncident } from "./close.ts";
import { incidentById } from "./row.ts";

/** By hand. When the server goes on failing, a new incident opens after its full run of bad slots. */
export const resolveIncident = defineCommand({
  action: "incident.resolve",
  input: z.strictObject({
    incidentId: z.uuid(),
    by: z.enum(["console", "link"]).default("console"),
    note: z
      .string()
      .default("")
      .transform((raw) => cleanText(raw, 500)),
  }),
  async run({ tx, input, actor, now }) {
    const incident = await incidentById(tx, input.incidentId);
    if (incident === null) throw new TocsinError("E_NOT_FOUND", "There is no such incident.");
    const sentence = `${actor.name} resolved this by ${input.by === "link" ? "a link" : "hand"}${input.note === "" ? "." : `: ${input.note}`}`;
    const closed = await closeIncident(tx, incident, {
      tenantId: actor.tenantId,
      now,
      sentence,
      by: { id: actor.personId, name: actor.name },
    });
    if (!closed) throw new TocsinError("E_STATE", "This incident is resolved already.");
    return {
      result: undefined,
      audit: {
        target: `incident:${incident.id}`,
        body: { number: incident.number, severity: incident.severity, was: incident.state },
        ...(input.note === "" ? {} : { personal: { subject: `person:${actor.personId}`, body: { note: input.note } } }),
      },
    };
  },
});
