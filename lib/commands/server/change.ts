import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { intervalSchema, serverNameSchema, streakSchema, weightSchema } from "#lib/domain/server";
import { shortestIntervalS } from "#lib/domain/tier";
import { liveServer } from "./live-server.ts";

/** Name, interval, thresholds, weight, and whether it is looked at at all. The address never changes: that is another server. */
export const changeServer = defineCommand({
  action: "server.change",
  input: z.strictObject({
    serverId: z.uuid(),
    name: serverNameSchema.refine((s) => s !== "", "Give the server a name."),
    intervalS: intervalSchema,
    fireAfter: streakSchema,
    clearAfter: streakSchema,
    weight: weightSchema,
    paused: z.boolean(),
  }),
  async run({ tx, input, actor, now }) {
    const { serverId, ...next } = input;
    const before = await liveServer(tx, actor.tenantId, serverId);
    const tenant = await tx.tenant.findUniqueOrThrow({ where: { id: actor.tenantId } });
    const shortest = shortestIntervalS(tenant.tier);
    if (next.intervalS < shortest && next.intervalS !== before.intervalS)
      throw new TocsinError("E_LIMIT", `This tenant's tier checks each ${shortest} s at most: choose that or longer.`, {
        field: "intervalS",
      });
    const resumed = before.paused && !next.paused;
    await tx.server.update({
      where: { tenantId_id: { tenantId: actor.tenantId, id: serverId } },
      data: { ...next, ...(resumed ? { watchedFrom: now } : {}) },
    });
    await liveHint(tx, { tenant: actor.tenantId, what: "server", id: serverId });
    const was = {
      name: before.name,
      intervalS: before.intervalS,
      fireAfter: before.fireAfter,
      clearAfter: before.clearAfter,
      weight: before.weight,
      paused: before.paused,
    };
    return { result: undefined, audit: { target: `server:${serverId}`, body: { before: was, after: next } } };
  },
});
