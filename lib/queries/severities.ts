// How grave each reason counts here: the tenant's own word where there is one. Reasons of our own parts are not its.
import type { Tx } from "#lib/adapters/db";
import { type Reason, REASON_NAMES, REASONS, type Severity } from "#lib/domain/reason";
import { peopleNames } from "./incidents.ts";

export interface SeverityRow {
  reason: Reason;
  label: string;
  usual: Severity;
  own: string | null;
  by: string;
}

export async function severities(tx: Tx): Promise<SeverityRow[]> {
  const rows = await tx.severityOverride.findMany({ take: 200 });
  const names = await peopleNames(
    tx,
    rows.map((r) => r.setBy),
  );
  const own = new Map(rows.map((r) => [r.reason, r]));
  return REASON_NAMES.filter((reason) => REASONS[reason].layer !== "platform")
    .map((reason) => {
      const said = own.get(reason);
      const { label, severity: usual } = REASONS[reason];
      return { reason, label, usual, own: said?.severity ?? null, by: said ? (names.get(said.setBy) ?? "") : "" };
    })
    .sort((a, b) => Number(b.own !== null) - Number(a.own !== null) || a.label.localeCompare(b.label));
}
