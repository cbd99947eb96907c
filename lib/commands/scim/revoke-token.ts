import { z } from "zod";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";

/** Refused from the next request on. What it has written stays. */
export const revokeScimToken = defineCommand({
  action: "scim.change",
  auditAs: "scim.token_revoke",
  input: z.strictObject({ tokenId: z.uuid() }),
  tenant: () => PLATFORM_TENANT,
  async run({ tx, input: { tokenId }, actor, now }) {
    const token = await tx.scimToken.findUnique({ where: { id: tokenId }, select: { name: true } });
    if (token === null) throw new TocsinError("E_NOT_FOUND", "There is no such token.");
    const { count } = await tx.scimToken.updateMany({
      where: { id: tokenId, revokedAt: null },
      data: { revokedAt: now, revokedBy: actor.personId },
    });
    if (count === 0) throw new TocsinError("E_STATE", "This token was taken back already.");
    return { result: { name: token.name }, audit: { target: `scim_token:${tokenId}`, body: { name: token.name } } };
  },
});
