import { createHash, randomBytes, randomUUID } from "node:crypto";
import { z } from "zod";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { regionNameField, tokenOf } from "#lib/domain/region";
import { cleanText } from "#lib/domain/text";

/** More would only be forgotten: one in use and one that replaces it are enough. */
const MOST = 5;

/** In the answer once, and nowhere else: the database has its hash. It opens this region's work and nothing more. */
export const makeRegionToken = defineCommand({
  action: "region.change",
  auditAs: "region.make_token",
  input: z.strictObject({
    region: regionNameField,
    name: z
      .string()
      .transform((name) => cleanText(name, 80).trim())
      .refine((name) => name !== "", { error: "Name the machine that gets it." }),
  }),
  tenant: () => PLATFORM_TENANT,
  async run({ tx, input: { region, name }, actor, now }) {
    const place = await tx.region.findUnique({ where: { name: region } });
    if (place === null) throw new TocsinError("E_NOT_FOUND", "There is no such region.");
    if (place.kind !== "agent")
      throw new TocsinError("E_STATE", "This region is probed by a process of this installation: it needs no token.");
    if ((await tx.regionToken.count({ where: { region, revokedAt: null } })) >= MOST)
      throw new TocsinError("E_LIMIT", `A region has ${MOST} tokens at most: take one back first.`);
    const [id, prefix] = [randomUUID(), randomBytes(6).toString("hex")];
    const token = tokenOf(prefix, randomBytes(32).toString("base64url"));
    const tokenHash = Uint8Array.from(createHash("sha256").update(token).digest());
    await tx.regionToken.create({
      data: { id, region, name, prefix, tokenHash, createdBy: actor.personId, createdAt: now },
      select: { id: true },
    });
    return { result: { id, token }, audit: { target: `region:${region}`, body: { tokenId: id, name } } };
  },
});
