import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { draft } from "#lib/domain/event";
import { sinkFacts } from "#lib/queries/sink-facts";
import { incidentById } from "./row.ts";
import { takeBackUntold, tell } from "./tell.ts";
import { writeTimeline } from "./timeline.ts";

/** Somebody has it in hand: no further step, no further page; sinks that show the incident show that too. */
export const acknowledgeIncident = defineCommand({
  action: "incident.acknowledge",
  input: z.strictObject({ incidentId: z.uuid() }),
  async run({ tx, input, actor, now }) {
    const incident = await incidentById(tx, input.incidentId);
    if (incident === null) throw new TocsinError("E_NOT_FOUND", "There is no such incident.");
    const changed =
      await tx.$executeRaw`UPDATE incident SET state = 'acknowledged', acknowledged_at = ${now}, acknowledged_by = ${actor.personId}::uuid,
      next_step_at = NULL WHERE tenant_id = app.tenant() AND id = ${incident.id}::uuid AND state = 'open'`;
    if (changed === 0)
      throw new TocsinError(
        "E_STATE",
        incident.state === "resolved"
          ? "This incident is resolved already."
          : "Somebody has acknowledged this incident already.",
      );
    await writeTimeline(
      tx,
      { tenantId: actor.tenantId, incidentId: incident.id, actorId: actor.personId },
      [draft("acknowledged", `${actor.name} acknowledged; nobody further is told.`)],
      now,
    );
    const told = await takeBackUntold(
      tx,
      actor.tenantId,
      incident.id,
      `Acknowledged by ${actor.name} before this was sent.`,
      now,
    );
    const showing = new Set((await sinkFacts(tx)).filter((s) => s.acknowledge && s.enabled).map((s) => s.id));
    await tell(
      tx,
      actor.tenantId,
      incident,
      "acknowledge",
      told.filter((id) => showing.has(id)),
      now,
      actor.name,
    );
    await liveHint(tx, { tenant: actor.tenantId, what: "incident", id: incident.id });
    return {
      result: undefined,
      audit: {
        target: `incident:${incident.id}`,
        body: { number: incident.number, severity: incident.severity, told: told.length },
      },
    };
  },
});
