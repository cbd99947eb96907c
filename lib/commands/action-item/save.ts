import { randomUUID } from "node:crypto";
import { z } from "zod";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { itemInput } from "#lib/domain/postmortem";

const AT_MOST = 100;

/** Something to be done about an incident that has a postmortem. */
export const addActionItem = defineCommand({
  action: "postmortem.change",
  auditAs: "action_item.save",
  input: z.strictObject({ incidentId: z.uuid(), ...itemInput }),
  async run({ tx, input: { incidentId, dueOn, state, ...item }, actor, now }) {
    const of = { tenantId: actor.tenantId, incidentId };
    if ((await tx.postmortem.count({ where: of })) === 0)
      throw new TocsinError("E_NOT_FOUND", "There is no such postmortem.");
    if ((await tx.actionItem.count({ where: of })) >= AT_MOST)
      throw new TocsinError("E_LIMIT", `A postmortem has at most ${AT_MOST} action items.`);
    const id = randomUUID();
    const ended = state === "open" ? null : now;
    await tx.actionItem.create({
      data: {
        ...of,
        ...item,
        id,
        state,
        dueAt: endOf(dueOn),
        createdBy: actor.personId,
        createdAt: now,
        endedAt: ended,
      },
    });
    return { result: id, audit: { target: `incident:${incidentId}`, body: { item: id, kind: item.kind, dueOn } } };
  },
});

/** Its words, its day, or what became of it. */
export const changeActionItem = defineCommand({
  action: "postmortem.change",
  auditAs: "action_item.save",
  input: z.strictObject({ itemId: z.uuid(), ...itemInput }),
  async run({ tx, input: { itemId, dueOn, state, ...item }, actor, now }) {
    const [before] = await tx.actionItem.findMany({ where: { tenantId: actor.tenantId, id: itemId }, take: 1 });
    if (before === undefined) throw new TocsinError("E_NOT_FOUND", "There is no such action item.");
    const endedAt = state === "open" ? null : (before.endedAt ?? now);
    await tx.actionItem.updateMany({
      where: { tenantId: actor.tenantId, id: itemId },
      data: { ...item, state, dueAt: endOf(dueOn), endedAt },
    });
    const body = { item: itemId, kind: item.kind, dueOn, from: before.state, to: state };
    return { result: itemId, audit: { target: `incident:${before.incidentId}`, body } };
  },
});

/** It may be done until the day is over. */
const endOf = (day: string): Date => new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000 - 1);
