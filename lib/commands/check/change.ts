import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import type { ExtraKind } from "#lib/domain/outcome";
import { checkFields, settingsOf } from "./input.ts";
import { liveCheck, onlyHealthTool } from "./row.ts";
import { askForTry } from "./try-request.ts";

/** Everything but its kind and its server: that is another check. */
export const changeCheck = defineCommand({
  action: "check.change",
  input: z.strictObject({ checkId: z.uuid(), tryNow: z.boolean().default(true), ...checkFields }),
  async run({ tx, input, actor, now }) {
    const { checkId, name, everyS, callsPerDay, paused, tryNow } = input;
    const before = await liveCheck(tx, actor.tenantId, checkId);
    const { serverId } = before;
    const settings = settingsOf(before.kind as ExtraKind, input.settings);
    await onlyHealthTool(tx, serverId, settings, checkId);
    await tx.extraCheck.update({
      where: { tenantId_id: { tenantId: actor.tenantId, id: checkId } },
      data: { name, everyS, callsPerDay, paused, settings: settings as object },
    });
    const asked = { tenantId: actor.tenantId, personId: actor.personId, serverId, checkId };
    const requestId = tryNow ? await askForTry(tx, asked, now) : null;
    await liveHint(tx, { tenant: actor.tenantId, what: "server", id: serverId });
    const was = {
      ...{ name: before.name, everyS: before.everyS, callsPerDay: before.callsPerDay, paused: before.paused },
      settings: before.settings,
    };
    return {
      result: { serverId, requestId },
      audit: {
        target: `server:${serverId}`,
        body: { check: checkId, before: was, after: { name, everyS, callsPerDay, paused, settings } },
      },
    };
  },
});
