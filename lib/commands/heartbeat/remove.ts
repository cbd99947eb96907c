import { z } from "zod";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";

/** No ping from now on; its secret goes at once. Whoever listens there will hear the silence. */
export const removeHeartbeat = defineCommand({
  action: "platform.change",
  auditAs: "heartbeat.remove",
  tenant: () => PLATFORM_TENANT,
  input: z.strictObject({ heartbeatId: z.uuid() }),
  async run({ tx, input, now }) {
    const { count } = await tx.heartbeatTarget.updateMany({
      where: { tenantId: PLATFORM_TENANT, id: input.heartbeatId, removedAt: null },
      data: { removedAt: now, sealed: null },
    });
    if (count === 0) throw new TocsinError("E_NOT_FOUND", "There is no such heartbeat.");
    return { result: undefined, audit: { target: `heartbeat:${input.heartbeatId}`, body: {} } };
  },
});
