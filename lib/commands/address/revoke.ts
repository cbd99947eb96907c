import { z } from "zod";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";

/** Takes an allowance back: the next probe and the next delivery no longer reach it. */
export const revokeAddress = defineCommand({
  action: "address.revoke",
  input: z.strictObject({ tenantId: z.uuid(), id: z.uuid() }),
  tenant: (input) => input.tenantId,
  async run({ tx, input, now }) {
    const row = await tx.addressAllowance.findFirst({
      where: { tenantId: input.tenantId, id: input.id, revokedAt: null },
    });
    const { count } = await tx.addressAllowance.updateMany({
      where: { tenantId: input.tenantId, id: input.id, revokedAt: null },
      data: { revokedAt: now },
    });
    if (row === null || count === 0)
      throw new TocsinError("E_NOT_FOUND", "There is no such allowance that still holds.");
    const { cidr, portFrom, portTo } = row;
    return { result: { cidr }, audit: { target: `allowance:${input.id}`, body: { cidr, portFrom, portTo } } };
  },
});
