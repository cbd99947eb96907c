import type { Metadata } from "next";
import Link from "next/link";
import { PART_WORDS, type PartSum } from "#lib/domain/times";
import { timesSince } from "#lib/queries/incident/times";
import { type PostmortemRow, postmortems } from "#lib/queries/postmortems";
import { read } from "../../_server/read.ts";
import { allowed, can } from "../../_server/session.ts";
import { Empty } from "../../_ui/empty.tsx";
import { Moment } from "../../_ui/moment.tsx";
import { PageHead, Section } from "../../_ui/page-head.tsx";
import { Table, Td, Th, Tr } from "../../_ui/table.tsx";
import { spell } from "../../_ui/time-words.ts";
import { ItemList } from "./_parts/items.tsx";

export const metadata: Metadata = { title: "Postmortems" };
const DAYS = 30;

export default async function PostmortemsPage() {
  const who = await allowed("postmortem.read");
  const { all, times } = await read(who, async (tx, now) => ({
    all: await postmortems(tx, now),
    times: await timesSince(tx, new Date(now.getTime() - DAYS * 86_400_000)),
  }));
  const drafts = all.list.filter((p) => p.state === "draft");
  const done = all.list.filter((p) => p.state === "done");
  const kept = all.completion === null ? "none yet" : `${Math.round(all.completion * 100)} % of all are done`;
  return (
    <>
      <PageHead
        title="Postmortems"
        lead="A P1 owes one a day after its end; begin one for any other on its incident. What is promised here comes up again when the same failure does."
      />
      <Section title="To be written" aside={drafts.length === 0 ? undefined : `${drafts.length}`}>
        {drafts.length === 0 ? (
          <Empty title="Nothing is owed">
            When a P1 has ended, its draft stands here with what the timeline knows.
          </Empty>
        ) : (
          <List rows={drafts} />
        )}
      </Section>
      <Section title="Open action items" aside={kept}>
        {all.openItems.length === 0 ? (
          <Empty title="Nothing is open">Action items are added on a postmortem.</Empty>
        ) : (
          <ItemList rows={all.openItems} mayChange={can(who, "postmortem.change")} named />
        )}
      </Section>
      <Section title={`How long it took, last ${DAYS} days`} aside={`${times.incidents} incidents, drills left out`}>
        <Times rows={times.sums} />
      </Section>
      {done.length > 0 && (
        <Section title="Finished" aside={`${done.length}`}>
          <List rows={done} />
        </Section>
      )}
    </>
  );
}

const took = (ms: number | null) => (ms === null ? "none" : ms < 1_000 ? `${Math.round(ms)} ms` : spell(ms));

function Times({ rows }: { rows: PartSum[] }) {
  return (
    <Table
      label="Parts of incidents"
      head={
        <>
          <Th>Part</Th>
          <Th>Mean</Th>
          <Th>Median</Th>
          <Th wide>Worst</Th>
          <Th wide>Incidents</Th>
        </>
      }
    >
      {rows.map((row) => (
        <Tr key={row.part}>
          <Td>
            {PART_WORDS[row.part].label}
            {row.part === "detect" && " (MTTD)"}
            {row.part === "recover" && " (MTTR)"}
            <span className="block text-xs text-ink-2">{PART_WORDS[row.part].sentence}</span>
          </Td>
          <Td className="tabular">{took(row.meanMs)}</Td>
          <Td className="tabular">{took(row.medianMs)}</Td>
          <Td wide className="tabular">
            {took(row.worstMs)}
          </Td>
          <Td wide className="tabular">
            {row.count}
          </Td>
        </Tr>
      ))}
    </Table>
  );
}

function List({ rows }: { rows: PostmortemRow[] }) {
  return (
    <ul className="divide-y rounded-lg border bg-panel">
      {rows.map((row) => (
        <li key={row.incidentId} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-3 py-2 text-sm">
          <Link
            href={`/postmortems/${row.incidentId}`}
            className="min-w-0 flex-1 basis-60 font-medium break-words underline underline-offset-2"
          >
            {row.title}
          </Link>
          <span className="text-xs text-ink-2">
            {row.severity}, {row.items} action items, {row.open} open
          </span>
          {row.state === "draft" && (
            <span className={row.overdue ? "text-xs font-medium text-down" : "text-xs text-ink-2"}>
              {row.overdue ? "■ overdue, was due " : "due "}
              <Moment at={row.dueAt} />
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
