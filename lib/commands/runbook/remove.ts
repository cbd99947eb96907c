import { z } from "zod";
import { randomUUID } from "node:crypto";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { reasonName } from "#lib/domain/runbook";
import { lastVersion } from "./version.ts";

/** Back to the given one. What the tenant wrote before stays among the versions. */
export const removeRunbook = defineCommand({
  action: "runbook.change",
  auditAs: "runbook.remove",
  input: z.strictObject({ reason: reasonName }),
  async run({ tx, input, actor, now }) {
    const last = await lastVersion(tx, actor.tenantId, input.reason);
    if (last === null || last.body === null)
      throw new TocsinError("E_STATE", "The given runbook holds already for this reason.");
    const version = last.version + 1;
    await tx.runbook.create({
      data: {
        ...{ tenantId: actor.tenantId, id: randomUUID(), reason: input.reason, version, body: null },
        ...{ savedBy: actor.personId, savedAt: now },
      },
    });
    return { result: version, audit: { target: `runbook:${input.reason}`, body: { reason: input.reason, version } } };
  },
});
