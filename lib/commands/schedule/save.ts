import { randomUUID } from "node:crypto";
import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { isZone, layersSchema } from "#lib/domain/schedule";
import { cleanText } from "#lib/domain/text";
import { onCall } from "#lib/queries/roster";

const MAX_SCHEDULES = 50;

/** Who is on call from now on; without an id a new schedule. */
export const saveSchedule = defineCommand({
  action: "schedule.change",
  auditAs: "schedule.save",
  input: z.strictObject({
    scheduleId: z.union([z.uuid(), z.literal("")]).default(""),
    name: z
      .string()
      .max(200)
      .transform((name) => cleanText(name, 80))
      .refine((name) => name !== "", "Give the schedule a name, for example Nights."),
    zone: z.string().max(64).refine(isZone, "Choose a time zone by its IANA name, for example Europe/Berlin."),
    layers: layersSchema,
  }),
  async run({ tx, input: { scheduleId, name, zone, layers }, actor: { tenantId }, now }) {
    const before =
      scheduleId === "" ? null : await tx.schedule.findFirst({ where: { tenantId, id: scheduleId, removedAt: null } });
    if (before === null && scheduleId !== "")
      throw new TocsinError("E_NOT_FOUND", "There is no such schedule: it may have been removed meanwhile.");
    if (before === null && (await tx.schedule.count({ where: { tenantId, removedAt: null } })) >= MAX_SCHEDULES)
      throw new TocsinError("E_INVALID", `A tenant has at most ${MAX_SCHEDULES} schedules: remove one first.`);
    const here = new Set((await onCall(tx, now)).people.map((p) => p.id));
    // Somebody who has left may stay in the list: others' turns do not move, and the next stands in.
    const had = new Set(layersOf(before?.layers).flatMap((l) => l.people));
    if (layers.some((l) => l.people.some((id) => !here.has(id) && !had.has(id))))
      throw new TocsinError("E_INVALID", "Somebody in the rotation is not on this tenant's staff: choose anew.", {
        field: "layers",
      });
    const id = before?.id ?? randomUUID();
    const data = { name, zone, layers, updatedAt: now };
    if (before === null) await tx.schedule.create({ data: { tenantId, id, ...data } });
    else await tx.schedule.update({ where: { tenantId_id: { tenantId, id } }, data });
    await liveHint(tx, { tenant: tenantId, what: "policy", id });
    const was = before === null ? null : { name: before.name, zone: before.zone, layers: before.layers };
    return {
      result: { scheduleId: id },
      audit: { target: `schedule:${id}`, body: { name, before: was, after: { name, zone, layers } } },
    };
  },
});

function layersOf(stored: unknown) {
  const read = layersSchema.safeParse(stored);
  return read.success ? read.data : [];
}
