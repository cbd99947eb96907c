import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { draft } from "#lib/domain/event";
import { cleanText } from "#lib/domain/text";
import { incidentById } from "./row.ts";
import { writeTimeline } from "./timeline.ts";

/** What somebody found out, for whoever reads the incident next. */
export const noteIncident = defineCommand({
  action: "incident.note",
  input: z.strictObject({
    incidentId: z.uuid(),
    note: z
      .string()
      .transform((raw) => cleanText(raw, 900))
      .refine((s) => s.length > 0, "Write something first."),
  }),
  async run({ tx, input, actor, now }) {
    const incident = await incidentById(tx, input.incidentId);
    if (incident === null) throw new TocsinError("E_NOT_FOUND", "There is no such incident.");
    await writeTimeline(
      tx,
      { tenantId: actor.tenantId, incidentId: incident.id, actorId: actor.personId },
      [draft("noted", `${cleanText(actor.name, 80)}: ${input.note}`)],
      now,
    );
    await liveHint(tx, { tenant: actor.tenantId, what: "incident", id: incident.id });
    return {
      result: undefined,
      audit: {
        target: `incident:${incident.id}`,
        body: { number: incident.number },
        personal: { subject: `person:${actor.personId}`, body: { note: input.note } },
      },
    };
  },
});
