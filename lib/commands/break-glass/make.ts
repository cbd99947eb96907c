import { randomUUID } from "node:crypto";
import { z } from "zod";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { hashSecret, newSecret } from "./secret.ts";

export const breakGlassName = z
  .string()
  .trim()
  .regex(/^[a-z0-9](-?[a-z0-9]){1,38}$/, {
    error: "Use 2 to 39 small letters, digits and single hyphens between them, for example safe-berlin.",
  });

/** Its secret is in the answer and nowhere else: whoever loses it closes the account and makes another. */
export const makeBreakGlass = defineCommand({
  action: "break_glass.change",
  auditAs: "break_glass.make",
  input: z.strictObject({ name: breakGlassName }),
  tenant: () => PLATFORM_TENANT,
  async run({ tx, input: { name }, actor, now }) {
    const [id, secret] = [randomUUID(), newSecret()];
    const made = await tx.$executeRaw`INSERT INTO break_glass (id, name, secret_hash, created_by, created_at)
      VALUES (${id}::uuid, ${name}, ${await hashSecret(secret)}, ${actor.personId}::uuid, ${now}) ON CONFLICT DO NOTHING`;
    if (made === 0)
      throw new TocsinError("E_CONFLICT", "There is an emergency account of this name already.", { field: "name" });
    return { result: { id, name, secret }, audit: { target: `break_glass:${id}`, body: { name } } };
  },
});
