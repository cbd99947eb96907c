import { z } from "zod";
import { liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { REASON_NAMES, SEVERITIES } from "#lib/domain/reason";

/** How grave a reason counts in this tenant from now on; "" goes back to what it is by default. */
export const setSeverity = defineCommand({
  action: "severity.change",
  input: z.strictObject({
    reason: z.enum(REASON_NAMES, "Choose a reason."),
    severity: z.union([z.enum(SEVERITIES), z.literal("")], "Choose a severity."),
  }),
  async run({ tx, input, actor, now }) {
    const { reason, severity } = input;
    const [before] = await tx.severityOverride.findMany({ where: { tenantId: actor.tenantId, reason } });
    if (severity === "") await tx.severityOverride.deleteMany({ where: { tenantId: actor.tenantId, reason } });
    else
      await tx.severityOverride.upsert({
        where: { tenantId_reason: { tenantId: actor.tenantId, reason } },
        create: { tenantId: actor.tenantId, reason, severity, setBy: actor.personId, setAt: now },
        update: { severity, setBy: actor.personId, setAt: now },
      });
    await liveHint(tx, { tenant: actor.tenantId, what: "policy", id: reason });
    return {
      result: undefined,
      audit: {
        target: `reason:${reason}`,
        body: { reason, before: before?.severity ?? null, after: severity || null },
      },
    };
  },
});
