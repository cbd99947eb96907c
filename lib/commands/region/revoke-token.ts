import { z } from "zod";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";

/** The agent's next request is refused, also one that it waits in; what it hands in afterwards is not taken. */
export const revokeRegionToken = defineCommand({
  action: "region.change",
  auditAs: "region.revoke_token",
  input: z.strictObject({ tokenId: z.uuid() }),
  tenant: () => PLATFORM_TENANT,
  async run({ tx, input: { tokenId }, actor, now }) {
    const token = await tx.regionToken.findUnique({ where: { id: tokenId }, select: { name: true, region: true } });
    if (token === null) throw new TocsinError("E_NOT_FOUND", "There is no such token.");
    const { count } = await tx.regionToken.updateMany({
      where: { id: tokenId, revokedAt: null },
      data: { revokedAt: now, revokedBy: actor.personId },
    });
    if (count === 0) throw new TocsinError("E_STATE", "This token was taken back already.");
    return { result: token, audit: { target: `region:${token.region}`, body: { tokenId, name: token.name } } };
  },
});
