import { z } from "zod";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { acknowledge } from "./acknowledge-now.ts";
import { incidentById } from "./row.ts";

/** Somebody has it in hand: no further step, no further page; sinks that show the incident show that too. */
export const acknowledgeIncident = defineCommand({
  action: "incident.acknowledge",
  input: z.strictObject({ incidentId: z.uuid(), by: z.enum(["console", "link"]).default("console") }),
  async run({ tx, input, actor, now }) {
    const incident = await incidentById(tx, input.incidentId);
    if (incident === null) throw new TocsinError("E_NOT_FOUND", "There is no such incident.");
    const name = input.by === "link" ? `${actor.name} by a link` : actor.name;
    const done = await acknowledge(tx, actor.tenantId, incident, { name, personId: actor.personId }, now);
    if (!done.done)
      throw new TocsinError(
        "E_STATE",
        done.state === "resolved"
          ? "This incident is resolved already."
          : `This incident is already acknowledged by ${done.by}.`,
      );
    return {
      result: undefined,
      audit: {
        target: `incident:${incident.id}`,
        body: { number: incident.number, severity: incident.severity, told: done.told, by: input.by },
      },
    };
  },
});
