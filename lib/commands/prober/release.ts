import { z } from "zod";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";

/**
 * A tenant that was slowed down is checked at its own pace again, from the scheduler's next look on. The worker ends the
 * incident about it.
 * @throws TocsinError E_NOT_FOUND for a tenant that is not slowed down, or not the actor's to release
 */
export const releaseProbes = defineCommand({
  action: "prober.release",
  input: z.strictObject({ tenantId: z.uuid("Choose a tenant.") }),
  tenant: (input) => input.tenantId,
  async run({ tx, input, actor, now }) {
    const theirs = input.tenantId === actor.tenantId || actor.layers.includes("root");
    const { count } = theirs
      ? await tx.probePace.updateMany({
          where: { tenantId: input.tenantId, factor: { gt: 1 } },
          data: { factor: 1, until: null, releasedAt: now, releasedBy: actor.personId },
        })
      : { count: 0 };
    if (count === 0)
      throw new TocsinError(
        "E_NOT_FOUND",
        "The checks of this tenant are not slowed down: there is nothing to release.",
      );
    return { result: {}, audit: { target: `tenant:${input.tenantId}`, body: {} } };
  },
});
