import { randomUUID } from "node:crypto";
import { z } from "zod";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";

const DAY_MS = 86_400_000;

/**
 * Begins a drill: a server that no list has, which the worker then lets fail where probes put what they found. What comes
 * of it goes the whole road, and says at every sink that it is a drill.
 */
export const runDrill = defineCommand({
  action: "drill.run",
  input: z.strictObject({ flavour: z.literal("single_tenant", "Choose a kind of drill.") }),
  async run({ tx, input: { flavour }, actor, now }) {
    const { tenantId } = actor;
    await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`drill:${tenantId}`}, 0))::text`;
    if ((await tx.drill.count({ where: { tenantId, endedAt: null } })) > 0)
      throw new TocsinError("E_STATE", "A drill is running already: wait until it has ended.");
    const [id, serverId] = [randomUUID(), randomUUID()];
    await tx.server.create({
      data: {
        ...{
          tenantId,
          id: serverId,
          name: `Drill ${id.slice(0, 4)}`,
          url: `https://${id.slice(0, 8)}.drill.invalid/mcp`,
        },
        ...{ intervalS: 15, regions: ["drill"], fireAfter: 1, clearAfter: 1, weight: "own", drill: true },
        // Known for a day, so that nothing takes it for one that has only just come.
        ...{ createdBy: actor.personId, createdAt: new Date(now.getTime() - DAY_MS), removedAt: now },
      },
    });
    await tx.drill.create({
      data: { tenantId, id, flavour, servers: [serverId], startedBy: actor.personId, startedAt: now },
    });
    return { result: id, audit: { target: `drill:${id}`, body: { flavour } } };
  },
});
