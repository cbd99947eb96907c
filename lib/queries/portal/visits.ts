import type { Tx } from "#lib/adapters/db";
import { show } from "#lib/domain/fields";
import { visits } from "../visits.ts";

export async function portalVisits(tx: Tx, take: number) {
  return (await visits(tx, take)).map((row) => show("portal", "visit", row));
}
export type PortalVisit = Awaited<ReturnType<typeof portalVisits>>[number];
