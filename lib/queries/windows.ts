// Maintenance windows of the tenant: the one that is under way first, then by when each comes next.
import type { Tx } from "#lib/adapters/db";
import { describeRule, occurrences, ruleOfRow, type WindowRule } from "#lib/domain/window";
import { peopleNames } from "./incidents.ts";

export interface WindowRow {
  id: string;
  comment: string;
  by: string;
  /** Empty: every server of the tenant. */
  serverIds: string[];
  servers: string[];
  rule: WindowRule;
  words: string;
  /** Epoch ms; null: it does not come any more. */
  next: { start: number; end: number } | null;
  underWay: boolean;
}

export async function windows(tx: Tx, now: Date): Promise<WindowRow[]> {
  const rows = await tx.maintenanceWindow.findMany({
    where: { removedAt: null },
    orderBy: { createdAt: "desc" },
    take: 200,
  });
  const ids = [...new Set(rows.flatMap((r) => r.serverIds))];
  const named = await tx.server.findMany({ where: { id: { in: ids } }, select: { id: true, name: true } });
  const names = new Map(named.map((s) => [s.id, s.name]));
  const people = await peopleNames(
    tx,
    rows.map((r) => r.createdBy),
  );
  return rows
    .flatMap((row): WindowRow[] => {
      const rule = ruleOfRow(row.rule);
      if (rule === null) return [];
      const [next = null] = occurrences(rule, now, 1);
      return [
        {
          ...{ id: row.id, comment: row.comment, serverIds: row.serverIds, rule, words: describeRule(rule), next },
          by: row.createdBy === null ? "" : (people.get(row.createdBy) ?? ""),
          servers: row.serverIds.map((id) => names.get(id) ?? "a removed server"),
          underWay: next !== null && next.start <= now.getTime(),
        },
      ];
    })
    .sort((a, b) => (a.next?.start ?? Number.MAX_VALUE) - (b.next?.start ?? Number.MAX_VALUE));
}
