import { randomUUID } from "node:crypto";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { describeRule, occurrences, windowInput } from "#lib/domain/window";
import { alone, letGo } from "./let-go.ts";

/** One is read on the way to every page. */
const MOST = 200;

/** Adds or changes a maintenance window; incidents that the changed one holds are asked for again at once. */
export const saveWindow = defineCommand({
  action: "silence.change",
  auditAs: "window.save",
  input: windowInput,
  async run({ tx, input, actor, now }) {
    const serverIds = [...new Set(input.serverIds)];
    const there = await tx.server.count({
      where: { tenantId: actor.tenantId, id: { in: serverIds }, removedAt: null },
    });
    if (there !== serverIds.length)
      throw new TocsinError("E_NOT_FOUND", "There is no such server.", { field: "serverIds" });
    if (occurrences(input.rule, now, 1).length === 0)
      throw new TocsinError("E_INVALID", "It would never come: choose days that lie ahead.", { field: "rule.from" });
    const id = input.windowId ?? randomUUID();
    const what = { serverIds, comment: input.comment, rule: input.rule, updatedAt: now };
    let held = 0;
    if (input.windowId === undefined) {
      if ((await tx.maintenanceWindow.count({ where: { tenantId: actor.tenantId, removedAt: null } })) >= MOST)
        throw new TocsinError("E_LIMIT", `There are ${MOST} maintenance windows: remove one that is over first.`);
      await tx.maintenanceWindow.create({
        data: { tenantId: actor.tenantId, id, ...what, createdBy: actor.personId, createdAt: now },
      });
    } else {
      await alone(tx, id);
      const { count } = await tx.maintenanceWindow.updateMany({
        where: { tenantId: actor.tenantId, id, removedAt: null },
        data: what,
      });
      if (count === 0) throw new TocsinError("E_NOT_FOUND", "There is no such maintenance window.");
      held = await letGo(tx, id, now);
    }
    await liveHint(tx, { tenant: actor.tenantId, what: "silence", id });
    return {
      result: { id },
      audit: {
        target: `window:${id}`,
        body: { serverIds, rule: describeRule(input.rule), ...(held > 0 && { held }) },
        personal: { subject: `person:${actor.personId}`, body: { comment: input.comment } },
      },
    };
  },
});
