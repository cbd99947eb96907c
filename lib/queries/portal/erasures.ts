import type { Tx } from "#lib/adapters/db";
import { show } from "#lib/domain/fields";
import { erasures } from "../erasures.ts";

export async function portalErasures(tx: Tx, of: { skip: number; take: number }) {
  return (await erasures(tx, of)).map((row) => show("portal", "erasure", row));
}
