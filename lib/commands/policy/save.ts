import { randomUUID } from "node:crypto";
import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { matchersSchema } from "#lib/domain/matcher";
import { policyStepsSchema, repeatMinutesSchema, repeatSchema } from "#lib/domain/policy";
import { cleanText } from "#lib/domain/text";
import { assertTargets } from "./targets.ts";

const MAX_POLICIES = 50;

/**
 * A policy of the tenant from now on. Incidents that are open keep the one frozen on them. Without an id: the default,
 * which matches everything, whatever matchers are given; "new": another one, asked after those that are there.
 */
export const savePolicy = defineCommand({
  action: "policy.change",
  auditAs: "policy.save",
  input: z.strictObject({
    policyId: z.union([z.uuid(), z.literal("new"), z.literal("")]).default(""),
    name: z
      .string()
      .max(200)
      .transform((name) => cleanText(name, 80))
      .default(""),
    matchers: matchersSchema.default([]),
    steps: policyStepsSchema,
    repeat: repeatSchema.default(0),
    repeatMinutes: repeatMinutesSchema.default(15),
  }),
  async run({ tx, input, actor, now }) {
    const { tenantId } = actor;
    const { steps, repeat, repeatMinutes } = input;
    await assertTargets(tx, tenantId, steps, input.matchers, now);
    // Two who save at once take turns: one default, no place given twice.
    await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`policy:${tenantId}`}, 0))::text`;
    const before =
      input.policyId === "new"
        ? null
        : await tx.policy.findFirst({
            where: {
              tenantId,
              removedAt: null,
              ...(input.policyId === "" ? { isDefault: true } : { id: input.policyId }),
            },
          });
    if (before === null && input.policyId !== "" && input.policyId !== "new")
      throw new TocsinError("E_NOT_FOUND", "There is no such policy: it may have been removed meanwhile.");
    const isDefault = before?.isDefault ?? input.policyId === "";
    if (input.name === "" && !isDefault)
      throw new TocsinError("E_INVALID", "Give the policy a name.", { field: "name" });
    const { _max: last, _count: many } = await tx.policy.aggregate({
      where: { tenantId, removedAt: null },
      _max: { position: true },
      _count: true,
    });
    if (before === null && many >= MAX_POLICIES)
      throw new TocsinError("E_INVALID", `A tenant has at most ${MAX_POLICIES} policies: remove one first.`);
    const id = before?.id ?? randomUUID();
    const data = {
      name: input.name === "" ? (before?.name ?? "Default policy") : input.name,
      matchers: isDefault ? [] : input.matchers,
      ...{ steps, repeat, repeatMinutes, updatedAt: now },
    };
    if (before === null)
      await tx.policy.create({ data: { tenantId, id, isDefault, position: (last.position ?? 0) + 1, ...data } });
    else await tx.policy.update({ where: { tenantId_id: { tenantId, id } }, data });
    await liveHint(tx, { tenant: tenantId, what: "policy", id });
    const was =
      before === null
        ? null
        : { name: before.name, matchers: before.matchers, steps: before.steps, repeat: before.repeat };
    return {
      result: { policyId: id },
      audit: {
        target: `policy:${id}`,
        body: {
          name: data.name,
          before: was,
          after: { name: data.name, matchers: data.matchers, steps, repeat, repeatMinutes },
        },
      },
    };
  },
});
