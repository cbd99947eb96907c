import type { Metadata } from "next";
import { incidents } from "#lib/queries/incidents";
import { latency } from "#lib/queries/latency";
import { lastProbeRequest } from "#lib/queries/request";
import { server } from "#lib/queries/server";
import { tenantTier } from "#lib/queries/tenant";
import { eraWord } from "#lib/queries/words";
import { param, type SearchParams } from "../../../_server/query.ts";
import { found, idOr404, read } from "../../../_server/read.ts";
import { allowed, can } from "../../../_server/session.ts";
import { CopyId } from "../../../_ui/copy-id.tsx";
import { ActButton } from "../../../_ui/form.tsx";
import { LatencyChart } from "../../../_ui/latency-chart.tsx";
import { Moment } from "../../../_ui/moment.tsx";
import { Facts, PageHead, Panel, Section } from "../../../_ui/page-head.tsx";
import { RegionCells } from "../../../_ui/region-cells.tsx";
import { IncidentTable } from "../../../_parts/incident-table.tsx";
import {
  changeServerAction,
  deleteCredentialAction,
  probeNowAction,
  removeServerAction,
  setCredentialAction,
} from "../actions.ts";
import { LiveProbe } from "../../../_parts/live-probe.tsx";
import { Settings } from "../../../_parts/server-settings.tsx";
import { Tools } from "../../../_parts/tools.tsx";
import { Transcripts } from "../../../_parts/transcripts.tsx";
import { VerdictSentence } from "../../../_parts/verdict-sentence.tsx";

export const metadata: Metadata = { title: "Server" };

export default async function ServerPage({
  params,
  searchParams,
}: {
  params: Promise<{ id: string }>;
  searchParams: SearchParams;
}) {
  const given = (await params).id;
  const who = await allowed("server.read", `/portal/servers/${encodeURIComponent(given)}`);
  const id = idOr404(given);
  const look = await param(searchParams, "look");
  const page = await read(who, async (tx, now) => {
    const detail = await server(tx, id, now);
    if (detail === null) return null;
    return {
      detail,
      minutes: await latency(tx, id, now),
      past: can(who, "incident.read") ? await incidents(tx, { serverId: id, take: 10 }) : [],
      probe: await lastProbeRequest(tx, id),
      tier: await tenantTier(tx, who.seat.id),
    };
  });
  const { detail, minutes, past, probe, tier } = found(page);
  const mayChange = can(who, "server.change");
  const cities = Object.fromEntries(detail.allRegions.map((r) => [r.name, r.city]));
  return (
    <>
      <PageHead title={detail.name} lead={<CopyId value={detail.url} shown={detail.shownUrl} what="address" />}>
        {mayChange && !detail.paused && (
          <ActButton action={probeNowAction} fields={{ serverId: id }} busy="Asking…" label="Check now">
            Check now
          </ActButton>
        )}
      </PageHead>
      <VerdictSentence server={detail} />
      {probe !== null && (look === probe.id || probe.state === "pending" || probe.state === "running") && (
        <LiveProbe request={probe} cities={cities} firstLook={detail.lastSlot === null} />
      )}
      {detail.cells.length > 0 && (
        <Section title="Regions">
          <RegionCells cells={detail.cells} />
        </Section>
      )}
      <Section title="Latency, last 6 hours">
        <Panel>
          <LatencyChart points={minutes} cities={cities} />
        </Panel>
      </Section>
      {past.length > 0 && (
        <Section title="Its incidents">
          <IncidentTable rows={past} label="Incidents of this server" withSubject={false} />
        </Section>
      )}
      <div className="grid grid-cols-1 gap-x-6 lg:grid-cols-2">
        <Section title="What it is">
          <Panel>
            <Facts
              rows={[
                ["Calls itself", detail.serverName ?? "not said yet"],
                ["Protocol era", eraWord(detail.era)],
                ["Protocol version", detail.protocolVersion ?? "not found yet"],
                [
                  "Sign-in",
                  { open: "none asked for", protected: "asks for credentials", unknown: "not known yet" }[
                    detail.auth
                  ] ?? detail.auth,
                ],
                ["Checked every", detail.intervalS < 60 ? `${detail.intervalS} s` : `${detail.intervalS / 60} min`],
                [
                  "Alerts after",
                  `${detail.fireAfter} bad checks in a row; clears after ${detail.clearAfter} good ones`,
                ],
                ["Last checked", detail.lastSlot === null ? "never" : <Moment key="m" at={detail.lastSlot} />],
              ]}
            />
          </Panel>
        </Section>
        <Section title="Tools" aside={detail.tools === null ? undefined : `${detail.tools.count} listed`}>
          <Tools tools={detail.tools} />
        </Section>
      </div>
      <Transcripts transcripts={detail.transcripts} />
      {mayChange && (
        <Settings
          server={detail}
          tier={tier}
          actions={{
            change: changeServerAction,
            setCredential: setCredentialAction,
            deleteCredential: deleteCredentialAction,
            remove: removeServerAction,
          }}
          may={{ setCredential: can(who, "server.credential"), remove: can(who, "server.remove") }}
        />
      )}
    </>
  );
}
