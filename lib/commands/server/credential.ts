import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { places, secrets } from "#lib/adapters/secrets";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { credentialSchema } from "#lib/domain/server";
import { liveServer } from "./live-server.ts";

/** Stores what the probe presents, sealed under the tenant's key. It is never read back to a person. */
export const setCredential = defineCommand({
  action: "server.credential",
  auditAs: "server.set_credential",
  input: credentialSchema.extend({ serverId: z.uuid() }).strict(),
  async run({ tx, input, actor, now }) {
    await liveServer(tx, actor.tenantId, input.serverId);
    const { serverId, kind } = input;
    const headerName = kind === "bearer" ? "Authorization" : input.headerName;
    const value = kind === "bearer" ? input.secret.replace(/^bearer\s+/i, "") : input.secret;
    const sealed = secrets().seal(places.serverCredential(actor.tenantId, serverId), value);
    const row = { kind, headerName, sealed, createdAt: now, expiresAt: null };
    await tx.serverCredential.upsert({
      where: { tenantId_serverId: { tenantId: actor.tenantId, serverId } },
      create: { tenantId: actor.tenantId, serverId, ...row },
      update: row,
    });
    await liveHint(tx, { tenant: actor.tenantId, what: "server", id: serverId });
    return { result: undefined, audit: { target: `server:${serverId}`, body: { kind, headerName } } };
  },
});

export const deleteCredential = defineCommand({
  action: "server.credential",
  auditAs: "server.delete_credential",
  input: z.strictObject({ serverId: z.uuid() }),
  async run({ tx, input, actor }) {
    await liveServer(tx, actor.tenantId, input.serverId);
    const { count } = await tx.serverCredential.deleteMany({
      where: { tenantId: actor.tenantId, serverId: input.serverId },
    });
    if (count === 0) throw new TocsinError("E_STATE", "This server has no credential stored.");
    await liveHint(tx, { tenant: actor.tenantId, what: "server", id: input.serverId });
    return { result: undefined, audit: { target: `server:${input.serverId}`, body: {} } };
  },
});
