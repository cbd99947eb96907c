// How far the last made-up alerts came, as the console asks: global rows, no tenant's content.
import type { Tx } from "#lib/adapters/db";
import type { SelftestFacts } from "#lib/domain/selftest";

export async function selftestNow(tx: Tx): Promise<SelftestFacts> {
  const [newest] = await tx.selftest.findMany({ orderBy: { at: "desc" }, take: 1 });
  const [seen] = await tx.selftest.findMany({ where: { step: "seen" }, orderBy: { at: "desc" }, take: 1 });
  return {
    newest: newest === undefined ? null : { at: newest.at, step: newest.step as "scheduled" | "decided" | "seen" },
    lastSeenAt: seen?.seenAt ?? null,
  };
}
