import type { Tx } from "#lib/adapters/db";
import { TocsinError } from "#lib/domain/error";
import { lockDeciders } from "#lib/queries/approvers";
import { rootOperators } from "#lib/queries/root-operators";

/**
 * Runs a change that may take the layer from somebody; two of them take turns, so that each sees what the other left.
 * @throws TocsinError E_LAST_ROOT when nobody would be left who runs the installation
 */
export async function keepingARoot<T>(tx: Tx, change: () => Promise<T>): Promise<T> {
  await lockDeciders(tx);
  const before = await rootOperators(tx);
  const result = await change();
  if (before.length > 0 && (await rootOperators(tx)).length === 0)
    throw new TocsinError(
      "E_LAST_ROOT",
      "Nobody would be left as root operator: make somebody else one first, and let them sign in once.",
      { detail: `last of ${before.length}` },
    );
  return result;
}
