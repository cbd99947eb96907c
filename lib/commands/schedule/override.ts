import { randomUUID } from "node:crypto";
import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { DAY_MS, wallTime } from "#lib/domain/schedule";
import { onCall } from "#lib/queries/roster";

const MAX_DAYS = 366;

/** Somebody instead of whose turn it is, from one local time to another; of several at once the last one made counts. */
export const addOverride = defineCommand({
  action: "schedule.change",
  auditAs: "schedule.override",
  input: z.strictObject({
    scheduleId: z.uuid("Choose a schedule."),
    personId: z.uuid("Choose who stands in."),
    /** Local time of the schedule's zone, "2026-12-24T18:00". */
    from: z.string().max(20),
    to: z.string().max(20),
  }),
  async run({ tx, input, actor: { tenantId, personId: by }, now }) {
    const schedule = await tx.schedule.findFirst({ where: { tenantId, id: input.scheduleId, removedAt: null } });
    if (schedule === null)
      throw new TocsinError("E_NOT_FOUND", "There is no such schedule: it may have been removed meanwhile.");
    const person = (await onCall(tx, now)).people.find((p) => p.id === input.personId);
    if (person === undefined)
      throw new TocsinError("E_INVALID", "Choose somebody of this tenant's staff.", { field: "personId" });
    const from = time("from", input.from, schedule.zone);
    const to = time("to", input.to, schedule.zone);
    if (to <= from || to - from > MAX_DAYS * DAY_MS)
      throw new TocsinError("E_INVALID", "It ends after it begins, and within a year.", { field: "to" });
    if (to <= now.getTime())
      throw new TocsinError("E_INVALID", "That is over already: choose an end that is still to come.", { field: "to" });
    const id = randomUUID();
    const times = { startsAt: new Date(from), endsAt: new Date(to) };
    await tx.scheduleOverride.create({
      data: { tenantId, id, scheduleId: schedule.id, personId: person.id, ...times, createdBy: by, createdAt: now },
    });
    await liveHint(tx, { tenant: tenantId, what: "policy", id: schedule.id });
    const [starts, ends] = [times.startsAt.toISOString(), times.endsAt.toISOString()];
    return {
      result: { overrideId: id },
      audit: {
        target: `schedule:${schedule.id}`,
        body: { name: schedule.name, personId: person.id, from: starts, to: ends },
      },
    };
  },
});

function time(field: "from" | "to", text: string, zone: string): number {
  const at = wallTime(text, zone);
  if (at === null) throw new TocsinError("E_INVALID", "Choose a day and an hour.", { field });
  return at;
}
