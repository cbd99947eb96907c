import { randomUUID } from "node:crypto";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { places, secrets } from "#lib/adapters/secrets";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { heartbeatInput } from "#lib/domain/heartbeat-target";

const MOST = 20;

/** The installation says there each minute that it is well; changing one is removing it and adding it anew. */
export const addHeartbeat = defineCommand({
  action: "platform.change",
  auditAs: "heartbeat.save",
  tenant: () => PLATFORM_TENANT,
  input: heartbeatInput,
  async run({ tx, input, actor, now }) {
    const { kind, name, secret, ...config } = input;
    const live = { tenantId: PLATFORM_TENANT, removedAt: null };
    if ((await tx.heartbeatTarget.count({ where: live })) >= MOST)
      throw new TocsinError("E_LIMIT", `There are ${MOST} heartbeats already: remove one first.`);
    const id = randomUUID();
    const sealed = await secrets().seal(tx, places.heartbeat(PLATFORM_TENANT, id), secret);
    await tx.heartbeatTarget.create({
      data: { tenantId: PLATFORM_TENANT, id, kind, name, config, sealed, createdBy: actor.personId, createdAt: now },
    });
    return { result: { id }, audit: { target: `heartbeat:${id}`, body: { kind, name, secrets: ["secret"] } } };
  },
});
