import { randomUUID } from "node:crypto";
import { z } from "zod";
import { PLATFORM_TENANT, type Tx } from "#lib/adapters/db";
import { hint, liveHint } from "#lib/adapters/hint";
import { defineDual } from "#lib/commands/approval/dual";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { signingNow } from "#lib/queries/audit-key";

const open = (tx: Tx) =>
  tx.request.findFirst({ where: { kind: "rotate-key", state: { in: ["pending", "running"] } }, select: { id: true } });

/** Asks the worker, which alone can read the key, to replace it. Old signatures go on holding. */
export const rotateKey = defineDual({
  command: defineCommand({
    action: "key.rotate",
    input: z.strictObject({}),
    tenant: () => PLATFORM_TENANT,
    async run({ tx, actor, now }) {
      if ((await open(tx)) !== null) throw new TocsinError("E_STATE", "The worker is replacing the key already.");
      const id = randomUUID();
      await tx.request.create({
        data: {
          tenantId: PLATFORM_TENANT,
          id,
          kind: "rotate-key",
          payload: { askedBy: actor.personId },
          createdBy: actor.personId,
          createdAt: now,
        },
      });
      await hint(tx, "tocsin_request");
      await liveHint(tx, { tenant: PLATFORM_TENANT, what: "request", id });
      return { result: { requestId: id }, audit: { target: `request:${id}`, body: { from: await signingNow(tx) } } };
    },
  }),
  sentence: () => "Replace the key that signs the audit log's checkpoints",
  target: () => "key:checkpoint",
  async diff(tx) {
    if ((await open(tx)) !== null) throw new TocsinError("E_STATE", "The worker is replacing the key already.");
    const was = await signingNow(tx);
    return [
      { field: "Key that signs", was: was ?? "none yet", will: "a new one, made by the worker" },
      { field: "Key that signed until now", was: "signs", will: "signs nothing more; what it signed still holds" },
    ];
  },
});
