import type { Metadata } from "next";
import { HELD_DAYS, HELD_KINDS, type HeldKind, heldCounts, heldRows } from "#lib/queries/held";
import { pageOf, param, type SearchParams } from "../../_server/query.ts";
import { read } from "../../_server/read.ts";
import { allowed } from "../../_server/session.ts";
import { Empty } from "../../_ui/empty.tsx";
import { Filters } from "../../_ui/filters.tsx";
import { PageHead, Section } from "../../_ui/page-head.tsx";
import { Pager } from "../../_ui/pager.tsx";
import { HeldDays } from "./_parts/held-days.tsx";
import { HeldTable } from "./_parts/held-table.tsx";

export const metadata: Metadata = { title: "Held back" };
const PER_PAGE = 100;
const LABELS: Record<HeldKind, string> = {
  silence: "Silence",
  window: "Maintenance",
  storm: "Storm",
  cluster: "Wider outage",
  budget: "Budget",
  withheld: "Not wanted any more",
};
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export default async function HeldPage({ searchParams }: { searchParams: SearchParams }) {
  const who = await allowed("noise.read");
  const q = await param(searchParams, "q");
  const by = await param(searchParams, "by");
  const digest = await param(searchParams, "digest");
  const kind = HELD_KINDS.find((k) => k === by) ?? null;
  const digestId = UUID.test(digest) ? digest : null;
  const filter = { kind, q, digestId };
  const { counts, rows, total, page } = await read(who, async (tx, now) => {
    const counted = await heldCounts(tx, filter, now);
    const all = Object.values(counted.kinds).reduce((sum, n) => sum + n, 0);
    const found = kind === null ? all : counted.kinds[kind];
    const at = await pageOf(searchParams, PER_PAGE, found);
    const shown = await heldRows(tx, filter, now, { skip: (at - 1) * PER_PAGE, take: PER_PAGE });
    return { counts: counted, rows: shown, total: found, page: at };
  });
  const choices = HELD_KINDS.map((value) => ({ value, label: LABELS[value], count: counts.kinds[value] }));
  return (
    <>
      <PageHead
        title="Held back"
        lead={`What nobody was told of by itself, or not yet, within ${HELD_DAYS} days: what held it, who would have been told, and what became of it.${digestId === null ? "" : " Here: what one digest told of."}`}
      />
      <Filters name="by" searchLabel="Search by server" choices={choices} />
      {rows.length === 0 ? (
        <Empty title="Nothing was held back">
          {q !== "" || kind !== null || digestId !== null
            ? "Clear the search or choose another reason."
            : "Every incident was told of as the routes say."}
        </Empty>
      ) : (
        <>
          <HeldTable rows={rows} labels={LABELS} />
          <Pager page={page} per={PER_PAGE} total={total} path="/held" keep={{ q, by, digest }} />
          <Section title="By day">
            <HeldDays days={counts.days} />
          </Section>
        </>
      )}
    </>
  );
}
