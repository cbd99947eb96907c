// When nobody was to be told of a server: its silences and maintenance windows within a time, as history is labelled by.
import type { Tx } from "#lib/adapters/db";
import { type Occurrence, occurrences, ruleOfRow } from "#lib/domain/window";

const MOST = 500;

/** Of windows that there are now: one that was removed labels nothing any more. In no order. */
export async function plannedTimes(tx: Tx, serverId: string, from: Date, to: Date): Promise<Occurrence[]> {
  const silences = await tx.silence.findMany({
    where: { startsAt: { lt: to }, endsAt: { gt: from }, OR: [{ serverId }, { serverId: null }] },
    take: MOST,
  });
  const windows = await tx.maintenanceWindow.findMany({
    where: { removedAt: null, OR: [{ serverIds: { has: serverId } }, { serverIds: { isEmpty: true } }] },
    take: MOST,
  });
  return [
    ...silences.map((s) => ({ start: s.startsAt.getTime(), end: s.endsAt.getTime() })),
    ...windows.flatMap((w) => {
      const rule = ruleOfRow(w.rule);
      return rule === null ? [] : occurrences(rule, from, MOST).filter((o) => o.start < to.getTime());
    }),
  ];
}
