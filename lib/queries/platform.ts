// The installation itself: which processes report, and when each duty last did its work. Global rows, no tenant's content.
import type { Tx } from "#lib/adapters/db";

/** Heartbeats come every 5 s; with six missed a process is taken for silent, as the watch takes it at the earliest. */
const SILENT_MS = 30_000;
const GONE_MS = 86_400_000;

export interface ProcessRow {
  id: string;
  /** "worker", "guard" or "prober". */
  kind: string;
  place: string | null;
  host: string;
  state: "reports" | "silent" | "stopped";
  startedAt: number;
  heartbeatAt: number;
}

export interface DutyRow {
  name: string;
  holder: string;
  lastSuccessAt: number | null;
  lastError: string | null;
}

/** Those of the last day: what runs or should run first, then what was stopped on purpose. */
export async function processes(tx: Tx, now: Date): Promise<ProcessRow[]> {
  const since = new Date(now.getTime() - GONE_MS);
  const rows = await tx.process.findMany({
    where: { heartbeatAt: { gte: since } },
    orderBy: { heartbeatAt: "desc" },
    take: 500,
  });
  const regions = await tx.region.findMany();
  const shown = rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    place: row.region === null ? null : (regions.find((r) => r.name === row.region)?.city ?? row.region),
    host: row.host,
    state: stateOf(row, now),
    startedAt: row.startedAt.getTime(),
    heartbeatAt: row.heartbeatAt.getTime(),
  }));
  return replaced(shown);
}

export function stateOf(row: { heartbeatAt: Date; stoppedAt: Date | null }, now: Date): ProcessRow["state"] {
  if (row.stoppedAt !== null) return "stopped";
  return now.getTime() - row.heartbeatAt.getTime() > SILENT_MS ? "silent" : "reports";
}

const ORDER = ["silent", "reports", "stopped"] as const;

/** A silent or stopped process that a later one of its kind and place stands in for is history, and is left out. */
export function replaced<T extends Pick<ProcessRow, "kind" | "place" | "state" | "startedAt">>(
  rows: readonly T[],
): T[] {
  return rows
    .filter(
      (row) =>
        row.state === "reports" ||
        !rows.some((r) => r.kind === row.kind && r.place === row.place && r.startedAt > row.startedAt),
    )
    .toSorted(
      (a, b) =>
        ORDER.indexOf(a.state) - ORDER.indexOf(b.state) ||
        a.kind.localeCompare(b.kind) ||
        (a.place ?? "").localeCompare(b.place ?? ""),
    );
}

export async function duties(tx: Tx): Promise<DutyRow[]> {
  const rows = await tx.dutyLease.findMany({ orderBy: { name: "asc" } });
  return rows.map((row) => ({
    name: row.name,
    holder: row.holder,
    lastSuccessAt: row.lastSuccessAt?.getTime() ?? null,
    lastError: row.lastError,
  }));
}
