import type { Metadata } from "next";
import { incidentCounts } from "#lib/queries/incidents";
import { portalIncidents } from "#lib/queries/portal/incidents";
import { IncidentList, incidentPage } from "../../../_parts/incident-list.tsx";
import type { SearchParams } from "../../../_server/query.ts";
import { read } from "../../../_server/read.ts";
import { ButtonLink } from "../../../_ui/button.tsx";
import { enter } from "../../_parts/enter.ts";

export const metadata: Metadata = { title: "Incidents" };

export default async function PortalIncidentsPage({ searchParams }: { searchParams: SearchParams }) {
  const who = await enter("/portal/incidents");
  const shown = await read(who, (tx) =>
    incidentPage(searchParams, {
      counts: (filter) => incidentCounts(tx, filter),
      rows: (filter) => portalIncidents(tx, filter),
    }),
  );
  const empty = {
    sentence: "One opens when a server fails as many checks in a row as its settings say, in two regions or more.",
    action: <ButtonLink href="/portal/servers">See the servers</ButtonLink>,
  };
  return <IncidentList shown={shown} empty={empty} base="/portal" />;
}
