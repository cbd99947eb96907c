import type { Status } from "#lib/domain/reason";
import { STATUS_WORD, StatusShape } from "./status-mark.tsx";

export interface RegionCell {
  region: string;
  city: string;
  status: Status;
  /** Words for the reason, or null. */
  reason: string | null;
  latencyMs: number | null;
}

/** One shape per region, for a table row; the words are on hover and for screen readers. */
export function RegionDots({ cells }: { cells: RegionCell[] }) {
  if (cells.length === 0) return null;
  return (
    <ul className="flex items-center gap-1.5">
      {cells.map((cell) => (
        <li key={cell.region} title={sentence(cell)}>
          <StatusShape status={cell.status} />
          <span className="sr-only">{sentence(cell)}</span>
        </li>
      ))}
    </ul>
  );
}

export function RegionCells({ cells }: { cells: RegionCell[] }) {
  return (
    <ul className="grid grid-cols-[repeat(auto-fill,minmax(11rem,1fr))] gap-2">
      {cells.map((cell) => (
        <li key={cell.region} className="rounded-lg border bg-panel px-3 py-2.5">
          <div className="flex items-center justify-between gap-2">
            <span className="truncate text-sm font-medium">{cell.city}</span>
            <StatusShape status={cell.status} size={12} />
          </div>
          <div className="mt-0.5 flex items-baseline justify-between gap-2 text-xs text-ink-2">
            <span className="truncate">{cell.reason ?? STATUS_WORD[cell.status]}</span>
            <span className="tabular whitespace-nowrap">{cell.latencyMs === null ? "" : `${cell.latencyMs} ms`}</span>
          </div>
        </li>
      ))}
    </ul>
  );
}

function sentence(cell: RegionCell): string {
  const latency = cell.latencyMs === null ? "" : `, ${cell.latencyMs} ms`;
  return `${cell.city}: ${cell.reason ?? STATUS_WORD[cell.status]}${latency}`;
}
