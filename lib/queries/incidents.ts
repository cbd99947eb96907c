// Incidents of the tenant: open ones first by severity, then the newest resolved. Sorted before they are cut, so that
// in a storm an old P1 is not hidden by newer, smaller ones.
import type { Tx } from "#lib/adapters/db";
import { REASONS, type Severity, type Status } from "#lib/domain/reason";
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

const STATES = ["open", "acknowledged", "resolved"] as const;
type State = (typeof STATES)[number];

export interface IncidentFilter {
  /** Absent: every state. */
  states?: readonly State[];
  serverId?: string;
  /** Searched in subject, reason, evidence, severity and number. */
  q?: string;
}

/** How many there are in each state. */
export async function incidentCounts(
  tx: Tx,
  filter: Pick<IncidentFilter, "serverId" | "q"> = {},
): Promise<Record<State, number>> {
  const groups = await tx.incident.groupBy({ by: ["state"], where: where(filter), _count: true });
  const of = (state: State) => groups.find((g) => g.state === state)?._count ?? 0;
  return { open: of("open"), acknowledged: of("acknowledged"), resolved: of("resolved") };
}

function where({ serverId, q = "" }: IncidentFilter) {
  const text = q.trim();
  const has = { contains: text, mode: "insensitive" as const };
  const needle = text.toLowerCase();
  const labelled = Object.entries(REASONS).flatMap(([name, rule]) =>
    rule.label.toLowerCase().includes(needle) ? [name] : [],
  );
  const number = /^#?(\d{1,9})$/.exec(text)?.[1];
  return {
    ...(serverId === undefined ? {} : { serverId }),
    ...(text === ""
      ? {}
      : {
          OR: [
            { subjectName: has },
            { evidence: has },
            { severity: text.toUpperCase() },
            { reason: { in: labelled } },
            ...(number === undefined ? [] : [{ number: Number(number) }]),
          ],
        }),
  };
}

/** @param cut `skip` and `take` count over the states in their order: open, acknowledged, resolved */
export async function incidents(
  tx: Tx,
  filter: IncidentFilter & { skip?: number; take: number },
): Promise<IncidentRow[]> {
  let { skip = 0, take } = filter;
  const rows = [];
  for (const state of STATES.filter((s) => filter.states?.includes(s) ?? true)) {
    if (take <= 0) break;
    const of = { ...where(filter), state };
    if (skip > 0) {
      const here = await tx.incident.count({ where: of });
      if (skip >= here) {
        skip -= here;
        continue;
      }
    }
    const found = await tx.incident.findMany({
      where: of,
      orderBy:
        state === "resolved"
          ? [{ startedAt: "desc" }, { number: "desc" }]
          : [{ severity: "asc" }, { startedAt: "desc" }, { number: "desc" }],
      skip,
      take,
    });
    rows.push(...found);
    take -= found.length;
    skip = 0;
  }
  const names = await peopleNames(
    tx,
    rows.map((r) => r.acknowledgedBy),
  );
  return rows.map((row) => ({
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
  }));
}

/** Display names by id, a directory's token included; ids that are neither (the worker) are absent. */
export async function peopleNames(tx: Tx, ids: (string | null)[]): Promise<Map<string, string>> {
  const wanted = [...new Set(ids.filter((id) => id !== null))];
  if (wanted.length === 0) return new Map();
  const people = await tx.person.findMany({ where: { id: { in: wanted } }, select: { id: true, name: true } });
  const names = new Map(people.map((p) => [p.id, p.name]));
  const rest = wanted.filter((id) => !names.has(id));
  if (rest.length === 0) return names;
  const tokens = await tx.scimToken.findMany({ where: { id: { in: rest } }, select: { id: true, name: true } });
  for (const { id, name } of tokens) names.set(id, `Directory ${name}`);
  return names;
}
