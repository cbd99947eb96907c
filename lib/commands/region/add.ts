import { z } from "zod";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { cityOf, REGION_KINDS, regionNameField } from "#lib/domain/region";
import { cityField } from "./input.ts";

/** From the next slot on every server that looks from everywhere is expected to be seen from here too. */
export const addRegion = defineCommand({
  action: "region.change",
  auditAs: "region.add",
  input: z.strictObject({
    name: regionNameField,
    /** Empty: the city that the code is known for, or the code itself. */
    city: cityField.or(z.literal("")),
    kind: z.enum(REGION_KINDS, { error: "Choose a process of this installation or an agent." }),
  }),
  tenant: () => PLATFORM_TENANT,
  async run({ tx, input: { name, city, kind } }) {
    const called = city === "" ? cityOf(name) : city;
    const made =
      await tx.$executeRaw`INSERT INTO region (name, city, kind) VALUES (${name}, ${called}, ${kind}) ON CONFLICT (name) DO NOTHING`;
    if (made === 0)
      throw new TocsinError("E_CONFLICT", `There is a region ${name} already: choose another code.`, { field: "name" });
    return { result: { name, city: called }, audit: { target: `region:${name}`, body: { name, city: called, kind } } };
  },
});
