import { randomUUID } from "node:crypto";
import { z } from "zod";
import { hint, liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { liveServer } from "./live-server.ts";

/** Asks the worker to look at a server now; one that is already asked for and not yet taken is not asked for twice. */
export const probeNow = defineCommand({
  action: "server.change",
  auditAs: "server.probe_now",
  input: z.strictObject({ serverId: z.uuid() }),
  async run({ tx, input, actor, now }) {
    await liveServer(tx, actor.tenantId, input.serverId);
    const waiting = await tx.request.findFirst({
      where: { kind: "probe-now", state: "pending", payload: { path: ["serverId"], equals: input.serverId } },
      select: { id: true },
    });
    const id = waiting?.id ?? randomUUID();
    if (waiting === null) {
      await tx.request.create({
        data: {
          tenantId: actor.tenantId,
          id,
          kind: "probe-now",
          payload: { serverId: input.serverId },
          createdBy: actor.personId,
          createdAt: now,
        },
      });
      await hint(tx, "tocsin_request");
      await liveHint(tx, { tenant: actor.tenantId, what: "request", id });
    }
    return {
      result: { requestId: id },
      audit: { target: `server:${input.serverId}`, body: { requestId: id, again: waiting !== null } },
    };
  },
});
