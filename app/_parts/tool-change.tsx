import clsx from "clsx";
import type { ReactNode } from "react";
import type { ToolChange } from "#lib/domain/tool-diff";
import type { ToolChangeRow } from "#lib/queries/server-tools";
import { CopyId } from "../_ui/copy-id.tsx";
import { Moment } from "../_ui/moment.tsx";

const KIND: Record<string, string> = {
  first_seen: "First seen",
  changed: "Changed",
  diverged: "Regions apart",
  flapping: "Turns between two lists",
};
const STATE: Record<string, string> = {
  open: "waits for a person",
  accepted: "accepted",
  over: "over: the list is again what was accepted",
  superseded: "followed by a further change",
  noted: "noted",
};
const DIGEST: Record<string, string> = {
  now: "told at once",
  daily: "for the daily digest",
  weekly: "for the weekly digest",
  none: "told to nobody",
};
const SHAPE: Record<ToolChange["shape"], string> = {
  removed: "Removed",
  renamed: "Renamed",
  signature: "Signature changed",
  words: "Described differently",
  added: "Added",
};

/**
 * One entry of the changelog. Its address is its id, so that it can be sent to somebody.
 * @param waiting shown a second time, above the changelog, with what a person may do
 */
export function ToolChangeEntry({
  change,
  waiting = false,
  children,
}: {
  change: ToolChangeRow;
  waiting?: boolean;
  children?: ReactNode;
}) {
  const title =
    change.kind === "first_seen" ? `${KIND.first_seen}: accepted as it was` : (KIND[change.kind] ?? change.kind);
  return (
    <article
      id={`${waiting ? "waiting" : "change"}-${change.id}`}
      aria-label={title}
      className="border-b px-4 py-3 last:border-b-0 target:bg-raised"
    >
      <h3 className="flex flex-wrap items-baseline gap-x-2 text-sm font-medium">
        {title}
        {change.breaking && <Tag tone="down">▲ breaks callers</Tag>}
        {change.flags.length > 0 && <Tag tone="degraded">⚑ speaks to the model</Tag>}
        <a href={`#change-${change.id}`} className="ml-auto text-xs font-normal text-ink-2 hover:underline">
          <Moment at={change.at} />
        </a>
      </h3>
      {change.kind !== "first_seen" ? (
        <p className="mt-1 text-sm break-words">{change.summary}</p>
      ) : (
        change.diff.changes.length > 0 && (
          <p className="mt-1 text-sm break-words">Beside the list that was accepted before: {change.summary}</p>
        )
      )}
      <p className="mt-1 flex flex-wrap items-center gap-x-3 text-xs text-ink-2">
        <span>{scopeWords(change)}</span>
        {change.regions.length > 0 && <span>seen from {change.regions.join(", ")}</span>}
        {change.kind === "changed" && <span>{DIGEST[change.digest] ?? change.digest}</span>}
        <span>
          {STATE[change.state] ?? change.state}
          {change.decidedBy !== null && ` by ${change.decidedBy}`}
        </span>
        <CopyId value={change.toHash} shown={change.toHash.slice(0, 12)} what="hash of the list" />
      </p>
      {change.flags.length > 0 && <Flags flags={change.flags} />}
      {change.diff.note !== "" && <p className="mt-2 text-xs text-ink-2">{change.diff.note}</p>}
      {change.diff.changes.length > 0 && (
        <details className="mt-2" open={waiting}>
          <summary className="text-xs text-ink-2 hover:text-ink">What changed, line by line</summary>
          <ul className="mt-2 space-y-2">
            {change.diff.changes.map((one) => (
              <ChangedTool key={`${one.shape} ${one.name}`} change={one} />
            ))}
          </ul>
        </details>
      )}
      {children !== undefined && children !== false && <div className="mt-3">{children}</div>}
    </article>
  );
}

export const scopeWords = ({ era, credentialed }: { era: string; credentialed: boolean }): string =>
  `${era === "modern" ? "modern" : "legacy"} era, ${credentialed ? "with the credential" : "without a credential"}`;

function Tag({ tone, children }: { tone: "down" | "degraded"; children: string }) {
  return (
    <span
      className={clsx(
        "rounded border px-1.5 py-0.5 text-xs font-medium",
        tone === "down" ? "border-down bg-down-wash" : "border-degraded bg-degraded-wash",
      )}
    >
      {children}
    </span>
  );
}

function Flags({ flags }: { flags: ToolChangeRow["flags"] }) {
  return (
    <ul
      className="mt-2 space-y-1 rounded-md border border-degraded bg-degraded-wash px-3 py-2 text-xs"
      aria-label="Flags"
    >
      {flags.map((flag) => (
        <li key={`${flag.rule} ${flag.tool} ${flag.where}`} className="break-words">
          <span className="font-medium">{flag.label}</span>, in <bdi className="font-mono">{flag.tool}</bdi>,{" "}
          <bdi className="font-mono">{flag.where}</bdi>: <q className="font-mono break-all">{flag.quote}</q>
        </li>
      ))}
    </ul>
  );
}

const EFFECT = { breaking: "▲", safe: "+", words: "·" } as const;
const EFFECT_WORD = { breaking: "breaks callers: ", safe: "", words: "words: " } as const;

function ChangedTool({ change }: { change: ToolChange }) {
  return (
    <li className="text-sm">
      <p className="break-words">
        {SHAPE[change.shape]}{" "}
        {change.was !== undefined && (
          <>
            <bdi className="font-mono text-xs break-all">{change.was}</bdi> →{" "}
          </>
        )}
        <bdi className="font-mono text-xs break-all">{change.name}</bdi>
      </p>
      {change.lines.length > 0 && (
        <ul className="mt-0.5 ml-4 space-y-0.5 text-xs text-ink-2">
          {change.lines.map((line, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: frozen lines, and two may read the same
            <li key={index} className={clsx("break-words", line.effect === "breaking" && "text-ink")}>
              <span aria-hidden="true" className="mr-1.5 inline-block w-3 font-mono">
                {EFFECT[line.effect]}
              </span>
              <span className="sr-only">{EFFECT_WORD[line.effect]}</span>
              <bdi>{line.text}</bdi>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}
