// Registers a server and asks the worker for its first probe in the same transaction, so that whoever pasted the
// address sees at once what is there.
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { hint, liveHint } from "#lib/adapters/hint";
import { assertUrlAllowed } from "#lib/adapters/http";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { intervalSchema, nameFromUrl, serverNameSchema, serverUrlSchema, weightSchema } from "#lib/domain/server";
import { SERVER_LIMIT, shortestIntervalS } from "#lib/domain/tier";
import { addressPolicy } from "#lib/queries/address-policy";

export const registerServer = defineCommand({
  action: "server.register",
  input: z.strictObject({
    url: serverUrlSchema,
    name: serverNameSchema,
    intervalS: intervalSchema.default(60),
    weight: weightSchema.default("own"),
  }),
  async run({ tx, input, actor, now }) {
    const policy = await addressPolicy(tx);
    try {
      assertUrlAllowed(input.url, policy);
    } catch (error) {
      if (error instanceof TocsinError)
        throw new TocsinError(error.code, error.message, {
          field: "url",
          cause: error,
          ...(error.detail === undefined ? {} : { detail: error.detail }),
        });
      throw error;
    }
    // One registration at a time per tenant, so that two at once cannot pass the limit together.
    await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`server-limit:${actor.tenantId}`}, 0))::text`;
    const tenant = await tx.tenant.findUniqueOrThrow({ where: { id: actor.tenantId } });
    const limit = SERVER_LIMIT[tenant.tier] ?? 0;
    if ((await tx.server.count({ where: { tenantId: actor.tenantId, removedAt: null } })) >= limit)
      throw new TocsinError(
        "E_LIMIT",
        `This tenant's tier holds ${limit} servers: remove one first, or ask for a larger tier.`,
      );
    const shortest = shortestIntervalS(tenant.tier);
    if (input.intervalS < shortest)
      throw new TocsinError("E_LIMIT", `This tenant's tier checks each ${shortest} s at most: choose that or longer.`, {
        field: "intervalS",
      });
    const same = await tx.server.findFirst({
      where: { tenantId: actor.tenantId, url: input.url, removedAt: null },
      select: { name: true },
    });
    if (same !== null)
      throw new TocsinError("E_CONFLICT", `This address is already watched, as "${same.name}".`, { field: "url" });

    const id = randomUUID();
    const name = input.name === "" ? nameFromUrl(input.url) : input.name;
    await tx.server.create({
      data: {
        tenantId: actor.tenantId,
        id,
        name,
        url: input.url,
        intervalS: input.intervalS,
        regions: [],
        weight: input.weight,
        createdBy: actor.personId,
        createdAt: now,
      },
    });
    const requestId = randomUUID();
    await tx.request.create({
      data: {
        tenantId: actor.tenantId,
        id: requestId,
        kind: "probe-now",
        payload: { serverId: id },
        createdBy: actor.personId,
        createdAt: now,
      },
    });
    await hint(tx, "tocsin_request");
    await liveHint(tx, { tenant: actor.tenantId, what: "server", id });
    return {
      result: { serverId: id, requestId },
      audit: {
        target: `server:${id}`,
        body: { url: withoutQuery(input.url), intervalS: input.intervalS, weight: input.weight },
      },
    };
  },
});

/** A query may hold a key: it is stored for probing and goes nowhere else. */
function withoutQuery(href: string): string {
  const url = new URL(href);
  url.search = "";
  return url.href;
}
