import type { Metadata } from "next";
import Link from "next/link";
import { portalIncidentDetail, portalWhy } from "#lib/queries/portal/incidents";
import { IncidentState } from "../../../../_parts/incident-state.tsx";
import { Why } from "../../../../_parts/why.tsx";
import { found, idOr404, read } from "../../../../_server/read.ts";
import { Empty } from "../../../../_ui/empty.tsx";
import { Lasted, Moment } from "../../../../_ui/moment.tsx";
import { Facts, PageHead, Panel, Section } from "../../../../_ui/page-head.tsx";
import { RegionCells } from "../../../../_ui/region-cells.tsx";
import { SeverityBadge, SEVERITY_MEANING } from "../../../../_ui/severity-badge.tsx";
import { StatusMark } from "../../../../_ui/status-mark.tsx";
import { Timeline } from "../../../../_ui/timeline.tsx";
import { enter } from "../../../_parts/enter.ts";

export const metadata: Metadata = { title: "Incident" };

/** What, where, since when, and what we are doing about it. */
export default async function PortalIncidentPage({ params }: { params: Promise<{ id: string }> }) {
  const who = await enter("/portal/incidents/[id]");
  const id = idOr404((await params).id);
  const { incident, why } = found(
    await read(who, async (tx, now) => {
      const incident = await portalIncidentDetail(tx, id);
      return incident === null ? null : { incident, why: await portalWhy(tx, id, now) };
    }),
  );
  return (
    <>
      <PageHead
        title={
          <>
            <span className="mr-2 font-mono text-ink-2">#{incident.number}</span>
            {incident.subject}: {incident.reason}
          </>
        }
        lead={
          <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <SeverityBadge severity={incident.severity} />
            <StatusMark status={incident.status} drill={incident.drill} />
            <IncidentState state={incident.state} silenced={incident.silenced && incident.state !== "resolved"} />
            <span>
              lasts <Lasted from={incident.startedAt} to={incident.resolvedAt} />
            </span>
          </span>
        }
      />
      <Panel className="mb-6">
        {incident.evidence !== "" && <p className="break-words">{incident.evidence}</p>}
        {incident.advice !== null && incident.state !== "resolved" && (
          <p className="mt-1 text-sm text-ink-2">{incident.advice}</p>
        )}
        <p className="mt-1 text-sm text-ink-2">
          {incident.state === "resolved" ? (
            "It is over."
          ) : incident.acknowledgedBy === null ? (
            incident.nextStepAt === null ? (
              "Nobody has it in hand yet."
            ) : (
              <>
                Nobody has it in hand yet; if that stays, the next people are told <Moment at={incident.nextStepAt} />.
              </>
            )
          ) : (
            `${incident.acknowledgedBy} has it in hand.`
          )}
        </p>
      </Panel>
      {incident.regions.length > 0 && (
        <Section title={incident.state === "resolved" ? "Where it failed" : "Where it fails"}>
          <RegionCells cells={incident.regions} />
        </Section>
      )}
      <div className="grid grid-cols-1 items-start gap-x-6 lg:grid-cols-[3fr_2fr]">
        <Section title="What happened">
          {incident.timeline.length === 0 ? (
            <Empty title="Nothing to tell yet">The first decision follows within a moment of its opening.</Empty>
          ) : (
            <Timeline
              entries={incident.timeline.map(({ id: key, at, words, byPerson }) => ({
                id: key,
                at,
                sentence: words,
                byPerson,
              }))}
            />
          )}
        </Section>
        <div className="min-w-0">
          <Section title="Facts">
            <Panel>
              <Facts
                rows={[
                  incident.serverId === null
                    ? null
                    : [
                        "Server",
                        <Link
                          key="s"
                          href={`/portal/servers/${incident.serverId}`}
                          className="underline underline-offset-2"
                        >
                          {incident.subject}
                        </Link>,
                      ],
                  ["Severity", `${incident.severity}, ${SEVERITY_MEANING[incident.severity]}`],
                  ["First bad check", <Moment key="f" at={incident.startedAt} exact />],
                  ["Opened", <Moment key="o" at={incident.openedAt} exact />],
                  ["Bad checks", String(incident.badSlots)],
                  incident.acknowledgedAt === null
                    ? null
                    : [
                        "In hand",
                        <span key="a">
                          {incident.acknowledgedBy}, <Moment at={incident.acknowledgedAt} />
                        </span>,
                      ],
                  incident.resolvedAt === null
                    ? null
                    : [
                        "Over",
                        <span key="r">
                          {incident.resolvedBy ?? "by itself"}, <Moment at={incident.resolvedAt} />
                        </span>,
                      ],
                ]}
              />
            </Panel>
          </Section>
          <Section title="Who was told">
            <Why answers={why} />
          </Section>
        </div>
      </div>
    </>
  );
}
