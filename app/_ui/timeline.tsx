import clsx from "clsx";
import type { ReactNode } from "react";
import { Moment } from "./moment.tsx";

export interface TimelineEntry {
  id: string;
  /** Epoch milliseconds. */
  at: number;
  /** Which stage of the pipeline took it, where that is anybody's business. */
  stage?: string;
  sentence: string;
  /** Decisions of people stand out from those of the pipeline. */
  byPerson: boolean;
  extra?: ReactNode;
}

export function Timeline({ entries }: { entries: TimelineEntry[] }) {
  return (
    <ol className="relative ml-1.5 border-l pl-5">
      {entries.map((entry) => (
        <li key={entry.id} className="relative pb-3.5 last:pb-0">
          <span
            aria-hidden="true"
            className={clsx(
              "absolute top-1.5 -left-[25px] size-2 rounded-full border-2",
              entry.byPerson ? "border-ink bg-ink" : "border-line-strong bg-panel",
            )}
          />
          <p className="text-sm break-words">{entry.sentence}</p>
          <p className="mt-0.5 flex flex-wrap gap-x-2 text-xs text-ink-2">
            <Moment at={entry.at} />
            {entry.stage !== undefined && <span className="font-mono text-2xs leading-[1.125rem]">{entry.stage}</span>}
          </p>
          {entry.extra}
        </li>
      ))}
    </ol>
  );
}
