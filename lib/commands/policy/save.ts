import { randomUUID } from "node:crypto";
import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { policyStepsSchema } from "#lib/domain/policy";

/** The tenant's policy from now on. Incidents that are open keep the one frozen on them. */
export const savePolicy = defineCommand({
  action: "policy.change",
  auditAs: "policy.save",
  input: z.strictObject({ steps: policyStepsSchema }),
  async run({ tx, input, actor, now }) {
    const wanted = [...new Set(input.steps.flatMap((step) => step.targets.map((target) => target.sinkId)))];
    // By this tenant's rows only: a sink of another tenant is as unknown as one that never was.
    const known = await tx.sink.count({ where: { tenantId: actor.tenantId, id: { in: wanted }, removedAt: null } });
    if (known !== wanted.length)
      throw new TocsinError(
        "E_INVALID",
        "One of the sinks was removed meanwhile: load the page again and choose anew.",
        { field: "steps" },
      );
    const before = await tx.policy.findFirst({ where: { tenantId: actor.tenantId, isDefault: true } });
    const id = before?.id ?? randomUUID();
    if (before === null)
      await tx.policy.create({
        data: {
          tenantId: actor.tenantId,
          id,
          name: "Default policy",
          steps: input.steps,
          isDefault: true,
          updatedAt: now,
        },
      });
    else
      await tx.policy.update({
        where: { tenantId_id: { tenantId: actor.tenantId, id } },
        data: { steps: input.steps, updatedAt: now },
      });
    await liveHint(tx, { tenant: actor.tenantId, what: "policy", id });
    return {
      result: undefined,
      audit: { target: `policy:${id}`, body: { before: before?.steps ?? null, after: input.steps } },
    };
  },
});
