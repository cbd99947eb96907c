import { z } from "zod";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { regionNameField } from "#lib/domain/region";
import { cityField } from "./input.ts";

/** What is switched off is asked nothing more from the next slot on; what it has seen stays. */
export const changeRegion = defineCommand({
  action: "region.change",
  input: z.strictObject({ name: regionNameField, city: cityField, enabled: z.boolean() }),
  tenant: () => PLATFORM_TENANT,
  async run({ tx, input: { name, city, enabled } }) {
    const was = await tx.region.findUnique({ where: { name } });
    if (was === null) throw new TocsinError("E_NOT_FOUND", "There is no such region.");
    // Without any region nobody looks at anything, and nothing would say so from outside.
    if (was.enabled && !enabled && (await tx.region.count({ where: { enabled: true, name: { not: name } } })) === 0)
      throw new TocsinError("E_STATE", "This is the only region in use: add another one first.");
    await tx.region.update({ where: { name }, data: { city, enabled } });
    return {
      result: { name, city, enabled },
      audit: {
        target: `region:${name}`,
        body: { from: { city: was.city, enabled: was.enabled }, to: { city, enabled } },
      },
    };
  },
});
