import { randomUUID } from "node:crypto";
import { z } from "zod";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { nameField, slugField, tierField } from "./input.ts";

export const addTenant = defineCommand({
  action: "tenant.change",
  auditAs: "tenant.add",
  input: z.strictObject({ slug: slugField, name: nameField, tier: tierField }),
  tenant: () => PLATFORM_TENANT,
  async run({ tx, input: { slug, name, tier }, now }) {
    const id = randomUUID();
    const made = await tx.$executeRaw`INSERT INTO tenant (id, slug, name, tier, created_at)
      VALUES (${id}::uuid, ${slug}, ${name}, ${tier}, ${now}) ON CONFLICT (slug) DO NOTHING`;
    if (made === 0)
      throw new TocsinError("E_CONFLICT", `There is a tenant ${slug} already: choose another slug.`, { field: "slug" });
    return { result: { id }, audit: { target: `tenant:${id}`, body: { slug, name, tier } } };
  },
});
