// What is usual for a server, where enough is known to say so.
import type { Tx } from "#lib/adapters/db";
import { slowAbove } from "#lib/domain/baseline";
import { show } from "#lib/domain/fields";
import { reasonLabel } from "./words.ts";

export async function baseline(tx: Tx, serverId: string) {
  const row = await tx.serverBaseline.findFirst({ where: { serverId } });
  if (row === null || slowAbove(row) === null) return null;
  const { p50Ms, p95Ms, errorsPermille, hours } = row;
  const words = { p50Ms, p95Ms, errorsPermille, hours, computedAt: row.computedAt.getTime() };
  return show("portal", "baseline", { ...words, elevated: reasonLabel(row.elevated) });
}
export type ShownBaseline = Awaited<ReturnType<typeof baseline>>;
