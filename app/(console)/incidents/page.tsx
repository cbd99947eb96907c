import type { Metadata } from "next";
import { incidentCounts, incidents } from "#lib/queries/incidents";
import { IncidentList, incidentPage } from "../../_parts/incident-list.tsx";
import type { SearchParams } from "../../_server/query.ts";
import { read } from "../../_server/read.ts";
import { allowed, can } from "../../_server/session.ts";
import { ButtonLink } from "../../_ui/button.tsx";
import { AcknowledgeMany } from "./_parts/acknowledge-many.tsx";

export const metadata: Metadata = { title: "Incidents" };

export default async function IncidentsPage({ searchParams }: { searchParams: SearchParams }) {
  const who = await allowed("incident.read");
  const shown = await read(who, (tx) =>
    incidentPage(searchParams, {
      counts: (filter) => incidentCounts(tx, filter),
      rows: (filter) => incidents(tx, filter),
    }),
  );
  const empty = who.seat.isPlatform
    ? {
        sentence: "One opens when the worker or a region stops, or when probers cannot do their work.",
        action: <ButtonLink href="/platform">See the platform</ButtonLink>,
      }
    : {
        sentence: "One opens when a server fails as many checks in a row as its settings say, in two regions or more.",
        action: <ButtonLink href="/servers">See the servers</ButtonLink>,
      };
  const open = shown.rows.filter((row) => row.state === "open").length;
  const choosing = can(who, "incident.acknowledge") && open > 0;
  return (
    <IncidentList
      shown={shown}
      empty={empty}
      {...(choosing && { around: (table) => <AcknowledgeMany open={open}>{table}</AcknowledgeMany> })}
    />
  );
}
