// Incidents of the tenant: open ones first by severity, then the newest resolved.
import type { Tx } from "#lib/adapters/db";
import type { Severity, Status } from "#lib/domain/reason";
import { asSeverity, asStatus, reasonLabel } from "./words.ts";

export interface IncidentRow {
  id: string;
  number: number;
  subject: string;
  serverId: string | null;
  state: "open" | "acknowledged" | "resolved";
  severity: Severity;
  status: Status;
  reason: string;
  evidence: string;
  startedAt: number;
  resolvedAt: number | null;
  acknowledgedBy: string | null;
  silenced: boolean;
  drill: boolean;
}

const ORDER = { open: 0, acknowledged: 1, resolved: 2 } as const;

export async function incidents(
  tx: Tx,
  filter: { live?: boolean; serverId?: string; take?: number } = {},
): Promise<IncidentRow[]> {
  const rows = await tx.incident.findMany({
    where: {
      ...(filter.live === true ? { state: { not: "resolved" } } : {}),
      ...(filter.serverId === undefined ? {} : { serverId: filter.serverId }),
    },
    orderBy: [{ openedAt: "desc" }],
    take: filter.take ?? 500,
  });
  const names = await peopleNames(
    tx,
    rows.map((r) => r.acknowledgedBy),
  );
  return rows
    .map((row) => ({
      id: row.id,
      number: row.number,
      subject: row.subjectName,
      serverId: row.serverId,
      state: row.state as IncidentRow["state"],
      severity: asSeverity(row.severity),
      status: asStatus(row.status),
      reason: reasonLabel(row.reason) ?? row.reason,
      evidence: row.evidence,
      startedAt: row.startedAt.getTime(),
      resolvedAt: row.resolvedAt?.getTime() ?? null,
      acknowledgedBy: row.acknowledgedBy === null ? null : (names.get(row.acknowledgedBy) ?? "somebody"),
      silenced: row.silenceId !== null,
      drill: row.drill,
    }))
    .sort(
      (a, b) =>
        ORDER[a.state] - ORDER[b.state] ||
        (a.state === "resolved"
          ? b.startedAt - a.startedAt
          : a.severity.localeCompare(b.severity) || b.startedAt - a.startedAt),
    );
}

/** Display names by id; ids that are no person (the worker) are absent. */
export async function peopleNames(tx: Tx, ids: (string | null)[]): Promise<Map<string, string>> {
  const wanted = [...new Set(ids.filter((id) => id !== null))];
  if (wanted.length === 0) return new Map();
  const people = await tx.person.findMany({ where: { id: { in: wanted } }, select: { id: true, name: true } });
  return new Map(people.map((p) => [p.id, p.name]));
}
