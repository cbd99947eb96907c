// The regions that this installation is set to probe from, as rows, so that servers know who is expected to look.
import type { Db } from "#lib/adapters/db";
import { TocsinError } from "#lib/domain/error";
import { cityOf, REGION_NAME } from "#lib/domain/region";

/**
 * Adds what is missing and changes nothing: a city that was given or a region that was switched off stays so.
 * @throws TocsinError E_CONFIG that names the first bad name
 */
export async function nameRegions(db: Db, names: readonly string[]): Promise<void> {
  const bad = names.find((name) => !REGION_NAME.test(name));
  if (bad !== undefined)
    throw new TocsinError(
      "E_CONFIG",
      `TOCSIN_REGIONS holds ${JSON.stringify(bad.slice(0, 40))}: use small letters, digits and hyphens, at most 32, for example fra,iad.`,
    );
  await db.global(async (tx) => {
    for (const name of [...names].sort())
      await tx.$executeRaw`INSERT INTO region (name, city) VALUES (${name}, ${cityOf(name)}) ON CONFLICT (name) DO NOTHING`;
  });
}
