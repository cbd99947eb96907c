import { randomUUID } from "node:crypto";
import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { liveServer } from "#lib/commands/server/live-server";
import { TocsinError } from "#lib/domain/error";
import { checkFields, kindSchema, settingsOf } from "./input.ts";
import { onlyHealthTool } from "./row.ts";
import { askForTry } from "./try-request.ts";

/** An outcome carries no more. */
const MOST = 20;

/** Adds a check of a server. `tryNow` has it tried at once, so that whoever wrote it sees what comes back. */
export const addCheck = defineCommand({
  action: "check.change",
  auditAs: "check.add",
  input: z.strictObject({ serverId: z.uuid(), kind: kindSchema, tryNow: z.boolean().default(true), ...checkFields }),
  async run({ tx, input, actor, now }) {
    const { serverId, kind, name, everyS, callsPerDay, paused, tryNow } = input;
    const settings = settingsOf(kind, input.settings);
    await liveServer(tx, actor.tenantId, serverId);
    if ((await tx.extraCheck.count({ where: { serverId, removedAt: null } })) >= MOST)
      throw new TocsinError("E_LIMIT", `A server has at most ${MOST} checks: remove one first.`);
    await onlyHealthTool(tx, serverId, settings, null);
    const id = randomUUID();
    await tx.extraCheck.create({
      data: {
        ...{ tenantId: actor.tenantId, id, serverId, kind, name, everyS, callsPerDay, paused },
        ...{ settings: settings as object, createdBy: actor.personId, createdAt: now },
      },
    });
    const asked = { tenantId: actor.tenantId, personId: actor.personId, serverId, checkId: id };
    const requestId = tryNow ? await askForTry(tx, asked, now) : null;
    await liveHint(tx, { tenant: actor.tenantId, what: "server", id: serverId });
    return {
      result: { checkId: id, requestId },
      audit: {
        target: `server:${serverId}`,
        body: { check: id, after: { kind, name, everyS, callsPerDay, paused, settings } },
      },
    };
  },
});
