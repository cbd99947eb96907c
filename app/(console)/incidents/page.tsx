import type { Metadata } from "next";
import { incidents } from "#lib/queries/incidents";
import { matches, param, type SearchParams } from "../../_server/query.ts";
import { read } from "../../_server/read.ts";
import { allowed } from "../../_server/session.ts";
import { Empty } from "../../_ui/empty.tsx";
import { Filters } from "../../_ui/filters.tsx";
import { PageHead } from "../../_ui/page-head.tsx";
import { IncidentTable } from "./_parts/incident-table.tsx";

export const metadata: Metadata = { title: "Incidents" };
const STATES = [
  ["open", "Open"],
  ["acknowledged", "Acknowledged"],
  ["resolved", "Resolved"],
] as const;

export default async function IncidentsPage({ searchParams }: { searchParams: SearchParams }) {
  const who = await allowed("incident.read");
  const all = await read(who, (tx) => incidents(tx));
  const q = await param(searchParams, "q");
  const state = await param(searchParams, "state");
  const rows = all.filter(
    (row) =>
      (state === "" || row.state === state) &&
      matches(q, row.subject, row.reason, row.evidence, `#${row.number}`, row.severity),
  );
  return (
    <>
      <PageHead title="Incidents" />
      {all.length === 0 ? (
        <Empty title="There has been no incident">
          One opens when a server fails as many checks in a row as its settings say, in two regions or more.
        </Empty>
      ) : (
        <>
          <Filters
            name="state"
            searchLabel="Search incidents"
            choices={STATES.map(([value, label]) => ({
              value,
              label,
              count: all.filter((r) => r.state === value).length,
            }))}
          />
          {rows.length === 0 ? (
            <Empty title="No incident matches">Clear the search or choose another state.</Empty>
          ) : (
            <IncidentTable rows={rows} label="Incidents" />
          )}
          {all.length === 500 && <p className="mt-2 text-xs text-ink-2">The newest 500 are shown.</p>}
        </>
      )}
    </>
  );
}
