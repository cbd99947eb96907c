import { randomUUID } from "node:crypto";
import { z } from "zod";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { defineCommand } from "#lib/commands/command";
import { FLAVOURS, type Flavour } from "#lib/domain/drill";
import { BUDGET_SERVERS } from "#lib/domain/drill-budget";
import { drillHost } from "#lib/domain/drill-cluster";
import { TocsinError } from "#lib/domain/error";

const DAY_MS = 86_400_000;
const SERVERS: Record<Flavour, number> = { single_tenant: 1, budget: BUDGET_SERVERS, cluster: 1 };

/**
 * Begins a drill: servers that no list has, which the worker then lets fail where probes put what they found. What comes
 * of them goes the whole road, and says at every sink that it is a drill.
 */
export const runDrill = defineCommand({
  action: "drill.run",
  input: z.strictObject({ flavour: z.enum(FLAVOURS, "Choose a kind of drill.") }),
  async run({ tx, input: { flavour }, actor, now }) {
    const { tenantId } = actor;
    if (flavour === "cluster" && !(tenantId === PLATFORM_TENANT && actor.layers.includes("root")))
      throw new TocsinError(
        "E_STATE",
        "An outage of many tenants is drilled by root operators, in the installation's own tenant.",
      );
    await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`drill:${tenantId}`}, 0))::text`;
    if ((await tx.drill.count({ where: { tenantId, endedAt: null } })) > 0)
      throw new TocsinError("E_STATE", "A drill is running already: wait until it has ended.");
    const id = randomUUID();
    const short = id.slice(0, 8);
    const servers = Array.from({ length: SERVERS[flavour] }, () => randomUUID());
    const many = servers.length > 1;
    await tx.server.createMany({
      data: servers.map((serverId, i) => ({
        ...{ tenantId, id: serverId, name: `Drill ${id.slice(0, 4)}${many ? ` ${i + 1}` : ""}` },
        url: `https://${flavour === "cluster" ? drillHost(id) : `${short}${many ? `-${i + 1}` : ""}.drill.invalid`}/mcp`,
        ...{ intervalS: 15, regions: ["drill"], fireAfter: 1, clearAfter: 1, weight: "own", drill: true },
        // Known for a day, so that nothing takes it for one that has only just come.
        ...{ createdBy: actor.personId, createdAt: new Date(now.getTime() - DAY_MS), removedAt: now },
      })),
    });
    await tx.drill.create({ data: { tenantId, id, flavour, servers, startedBy: actor.personId, startedAt: now } });
    return { result: id, audit: { target: `drill:${id}`, body: { flavour } } };
  },
});
