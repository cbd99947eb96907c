import Link from "next/link";
import { type Moments, PART_WORDS, PARTS, partsOf } from "#lib/domain/times";
import type { ItemRow } from "#lib/queries/postmortems";
import { ActButton } from "../../../../_ui/form.tsx";
import { Facts, Panel, Section } from "../../../../_ui/page-head.tsx";
import { spell } from "../../../../_ui/time-words.ts";
import { ItemList } from "../../../postmortems/_parts/items.tsx";
import { openPostmortemAction } from "../../../postmortems/actions.ts";

/** How long each part took, and its postmortem where it has one or may have one. */
export function After({
  incidentId,
  moments,
  written,
  over,
  mayRead,
  mayWrite,
}: {
  incidentId: string;
  moments: Moments;
  written: boolean;
  over: boolean;
  mayRead: boolean;
  mayWrite: boolean;
}) {
  const parts = partsOf(moments);
  return (
    <Section title="How long each part took">
      <Panel>
        <Facts
          rows={PARTS.map((part) => {
            const ms = parts[part];
            const said = ms === null ? "not yet" : ms < 1_000 ? `${ms} ms` : spell(ms);
            return [
              PART_WORDS[part].label,
              <span key={part}>
                <span className="tabular">{ms === null && over ? "never" : said}</span>
                <span className="ml-2 text-xs text-ink-2">{PART_WORDS[part].sentence}</span>
              </span>,
            ] as const;
          })}
        />
        {mayRead && written && (
          <p className="mt-3 text-sm">
            <Link href={`/postmortems/${incidentId}`} className="underline underline-offset-2">
              Its postmortem
            </Link>
          </p>
        )}
        {mayWrite && !written && over && (
          <div className="mt-3">
            <ActButton
              action={openPostmortemAction}
              fields={{ incidentId }}
              busy="Beginning…"
              small
              label="Begin a postmortem"
            >
              Begin a postmortem
            </ActButton>
          </div>
        )}
      </Panel>
    </Section>
  );
}

/** The same failure within 90 days: what was promised then and is not done. */
export function PromisedBefore({ rows, mayChange }: { rows: ItemRow[]; mayChange: boolean }) {
  if (rows.length === 0) return null;
  return (
    <Section title="Promised when this failed before, and not done" aside={`${rows.length}`}>
      <ItemList rows={rows} mayChange={mayChange} named />
    </Section>
  );
}
