import type { Metadata } from "next";
import { incidentCounts, incidents } from "#lib/queries/incidents";
import { pageOf, param, type SearchParams } from "../../_server/query.ts";
import { read } from "../../_server/read.ts";
import { allowed } from "../../_server/session.ts";
import { ButtonLink } from "../../_ui/button.tsx";
import { Empty } from "../../_ui/empty.tsx";
import { Filters } from "../../_ui/filters.tsx";
import { PageHead } from "../../_ui/page-head.tsx";
import { Pager } from "../../_ui/pager.tsx";
import { IncidentTable } from "../../_parts/incident-table.tsx";

export const metadata: Metadata = { title: "Incidents" };
const STATES = { open: "Open", acknowledged: "Acknowledged", resolved: "Resolved" } as const;
type State = keyof typeof STATES;
const PER_PAGE = 100;
const sum = (counts: Record<State, number>) => counts.open + counts.acknowledged + counts.resolved;

export default async function IncidentsPage({ searchParams }: { searchParams: SearchParams }) {
  const who = await allowed("incident.read");
  const q = await param(searchParams, "q");
  const asked = await param(searchParams, "state");
  const state = Object.hasOwn(STATES, asked) ? (asked as State) : null;
  const { all, counts, total, page, rows } = await read(who, async (tx) => {
    const counts = await incidentCounts(tx, { q });
    const total = state === null ? sum(counts) : counts[state];
    const page = await pageOf(searchParams, PER_PAGE, total);
    return {
      all: q === "" ? sum(counts) : sum(await incidentCounts(tx)),
      counts,
      total,
      page,
      rows: await incidents(tx, {
        q,
        ...(state === null ? {} : { states: [state] }),
        skip: (page - 1) * PER_PAGE,
        take: PER_PAGE,
      }),
    };
  });
  const next = who.seat.isPlatform
    ? { href: "/platform", label: "See the platform" }
    : { href: "/servers", label: "See the servers" };
  return (
    <>
      <PageHead title="Incidents" />
      {all === 0 ? (
        <Empty title="There has been no incident" action={<ButtonLink href={next.href}>{next.label}</ButtonLink>}>
          {who.seat.isPlatform
            ? "One opens when the worker or a region stops, or when probers cannot do their work."
            : "One opens when a server fails as many checks in a row as its settings say, in two regions or more."}
        </Empty>
      ) : (
        <>
          <Filters
            name="state"
            searchLabel="Search incidents"
            choices={(Object.keys(STATES) as State[]).map((value) => ({
              value,
              label: STATES[value],
              count: counts[value],
            }))}
          />
          {rows.length === 0 ? (
            <Empty title="No incident matches">Clear the search or choose another state.</Empty>
          ) : (
            <IncidentTable rows={rows} label="Incidents" />
          )}
          <Pager page={page} per={PER_PAGE} total={total} path="/incidents" keep={{ q, state: asked }} />
        </>
      )}
    </>
  );
}
