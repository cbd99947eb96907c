import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";

/** What it matched is for the next that matches. Open incidents keep it. The default stays: somebody is always told. */
export const removePolicy = defineCommand({
  action: "policy.change",
  auditAs: "policy.remove",
  input: z.strictObject({ policyId: z.uuid() }),
  async run({ tx, input: { policyId: id }, actor: { tenantId }, now }) {
    const policy = await tx.policy.findFirst({ where: { tenantId, id, removedAt: null } });
    if (policy === null)
      throw new TocsinError("E_NOT_FOUND", "There is no such policy: it may have been removed meanwhile.");
    if (policy.isDefault)
      throw new TocsinError("E_STATE", "The default policy stays: without it an incident could be told to nobody.");
    await tx.policy.update({ where: { tenantId_id: { tenantId, id } }, data: { removedAt: now, updatedAt: now } });
    await liveHint(tx, { tenant: tenantId, what: "policy", id });
    return { result: { name: policy.name }, audit: { target: `policy:${id}`, body: { name: policy.name } } };
  },
});
