import { z } from "zod";
import { randomUUID } from "node:crypto";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { givenRunbook, reasonName, runbookBody } from "#lib/domain/runbook";
import { lastVersion } from "./version.ts";

/** The tenant's own words for one reason, as a further version: who wrote what stays to be read. */
export const saveRunbook = defineCommand({
  action: "runbook.change",
  auditAs: "runbook.save",
  input: z.strictObject({ reason: reasonName, body: runbookBody }),
  async run({ tx, input, actor, now }) {
    const last = await lastVersion(tx, actor.tenantId, input.reason);
    if (input.body === (last?.body ?? givenRunbook(input.reason)))
      throw new TocsinError("E_STATE", "That is what it says already: nothing was saved.");
    const version = (last?.version ?? 0) + 1;
    await tx.runbook.create({
      data: {
        ...{ tenantId: actor.tenantId, id: randomUUID(), reason: input.reason, version, body: input.body },
        ...{ savedBy: actor.personId, savedAt: now },
      },
    });
    return { result: version, audit: { target: `runbook:${input.reason}`, body: { reason: input.reason, version } } };
  },
});
