import { z } from "zod";
import { inTenant, PLATFORM_TENANT, type Tx } from "#lib/adapters/db";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { KEPT, KINDS, spellDays } from "#lib/domain/retention";
import { allows, type Tier } from "#lib/domain/tier";
import { retention } from "#lib/queries/retention";
import { tenantNamed } from "#lib/queries/tenant";
import { nameField, tierField } from "./input.ts";

/** Name and tier. The slug stays: groups are named after it. */
export const changeTenant = defineCommand({
  action: "tenant.change",
  input: z.strictObject({ tenantId: z.uuid(), name: nameField, tier: tierField }),
  tenant: () => PLATFORM_TENANT,
  async run({ tx, input: { tenantId, name, tier }, context }) {
    const was = await tenantNamed(tx, tenantId);
    if (was.name === name && was.tier === tier)
      throw new TocsinError("E_STATE", "This is what it is called already: nothing was changed.");
    await inTenant(tx, context, { tenantId, actorId: context.actorId }, () => nothingIsDeleted(tx, tier));
    await tx.$executeRaw`UPDATE tenant SET name = ${name}, tier = ${tier} WHERE id = ${tenantId}::uuid`;
    return {
      result: null,
      audit: {
        target: `tenant:${tenantId}`,
        body: { was: { name: was.name, tier: was.tier }, will: { name, tier } },
      },
    };
  },
});

/** A smaller tier would cut the history, which takes two people of the tenant: they do that first. */
async function nothingIsDeleted(tx: Tx, tier: Tier): Promise<void> {
  const { now } = await retention(tx);
  const most = allows(tier);
  const cut = KINDS.find((kind) => now[kind] > most[kind]);
  if (cut !== undefined)
    throw new TocsinError(
      "E_STATE",
      `The tier ${tier} keeps less (${KEPT[cut].toLowerCase()}: ${spellDays(most[cut])}, now ${spellDays(now[cut])}). Somebody of the tenant shortens its retention first: that takes two people, and this would go around them.`,
      { field: "tier" },
    );
}
