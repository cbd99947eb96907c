// The weekly reports of the tenant one looks at, with the words and names that the rows themselves do not hold: what
// was erased since then is erased here too.
import type { Tx } from "#lib/adapters/db";
import type { SoftFault } from "#lib/domain/justification";
import type { DriftKind } from "#lib/domain/role-drift";
import { dayStart, daysAfter } from "#lib/domain/utc-day";
import { type AuditRow, auditRowsOf } from "./audit.ts";
import { peopleNames } from "./incidents.ts";

const WEEKS_SHOWN = 26;

export interface Report<Finding> {
  week: string;
  madeAt: number;
  lookedAt: number;
  findings: Finding[];
}
export interface WeakReason {
  row: AuditRow;
  faults: SoftFault[];
}
export interface DriftFinding {
  kind: DriftKind;
  person: { id: string; name: string } | null;
  what: string | null;
}

/** Mondays of the weeks that have a report, newest first. */
export async function reportWeeks(tx: Tx, tenantId: string): Promise<string[]> {
  const rows = await tx.weeklyReport.findMany({
    where: { tenantId },
    select: { week: true },
    distinct: ["week"],
    orderBy: { week: "desc" },
    take: WEEKS_SHOWN,
  });
  return rows.map((r) => r.week);
}

export async function weakReasons(tx: Tx, tenantId: string, week: string): Promise<Report<WeakReason> | null> {
  const found = await one<{ id: string; faults: SoftFault[] }>(tx, tenantId, "weak_reasons", week);
  const start = dayStart(week);
  if (found === null || start === null) return null;
  const ids = found.findings.map((f) => f.id);
  const rows = await auditRowsOf(tx, tenantId, start, dayStart(daysAfter(week, 7)) ?? start, ids);
  const faults = new Map(found.findings.map((f) => [f.id, f.faults]));
  return { ...found, findings: rows.map((row) => ({ row, faults: faults.get(row.id) ?? [] })) };
}

export async function roleDriftReport(tx: Tx, tenantId: string, week: string): Promise<Report<DriftFinding> | null> {
  const found = await one<{ kind: DriftKind; personId?: string; what?: string }>(tx, tenantId, "role_drift", week);
  if (found === null) return null;
  const names = await peopleNames(
    tx,
    found.findings.map((f) => f.personId ?? null),
  );
  return {
    ...found,
    findings: found.findings.map(({ kind, personId, what }) => ({
      kind,
      person: personId === undefined ? null : { id: personId, name: names.get(personId) ?? "somebody erased" },
      what: what ?? null,
    })),
  };
}

async function one<Finding>(tx: Tx, tenantId: string, kind: string, week: string): Promise<Report<Finding> | null> {
  const row = await tx.weeklyReport.findUnique({ where: { tenantId_kind_week: { tenantId, kind, week } } });
  if (row === null) return null;
  return { week, madeAt: row.madeAt.getTime(), lookedAt: row.lookedAt, findings: row.findings as Finding[] };
}
