import { randomBytes, randomUUID } from "node:crypto";
import { z } from "zod";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { defineCommand } from "#lib/commands/command";
import { cleanText } from "#lib/domain/text";
import { scimTokenHash } from "#lib/queries/scim";

const DAY_MS = 86_400_000;
export const MAX_DAYS = 365;

/** In the answer once, and nowhere else. */
export const makeScimToken = defineCommand({
  action: "scim.change",
  auditAs: "scim.token_make",
  input: z.strictObject({
    name: z
      .string()
      .transform((name) => cleanText(name, 80))
      .refine((name) => name !== "", { error: "Name the directory that gets it, for example Entra ID." }),
    days: z.coerce
      .number({ error: "Choose how long it holds." })
      .int()
      .min(1, { error: "It holds for at least a day." })
      .max(MAX_DAYS, { error: "It holds for a year at most." }),
  }),
  tenant: () => PLATFORM_TENANT,
  async run({ tx, input: { name, days }, actor, now }) {
    const [id, token] = [randomUUID(), `scim_${randomBytes(32).toString("base64url")}`];
    const expiresAt = new Date(now.getTime() + days * DAY_MS);
    await tx.scimToken.create({
      data: { id, name, tokenHash: scimTokenHash(token), createdBy: actor.personId, createdAt: now, expiresAt },
    });
    return {
      result: { id, token, expiresAt },
      audit: { target: `scim_token:${id}`, body: { name, expiresAt: expiresAt.toISOString() } },
    };
  },
});
