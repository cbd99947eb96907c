import type { Metadata } from "next";
import Link from "next/link";
import { deliveries } from "#lib/queries/deliveries";
import { incidentDetail } from "#lib/queries/incident-detail";
import { whyPaged } from "#lib/queries/incident/why";
import { momentsOf } from "#lib/queries/incident/times";
import { openItemsBefore } from "#lib/queries/postmortems";
import { stormOf } from "#lib/queries/storm";
import { param, type SearchParams } from "../../../_server/query.ts";
import { found, idOr404, read } from "../../../_server/read.ts";
import { allowed, can } from "../../../_server/session.ts";
import { CopyId } from "../../../_ui/copy-id.tsx";
import { Empty } from "../../../_ui/empty.tsx";
import { Lasted, Moment } from "../../../_ui/moment.tsx";
import { Facts, PageHead, Panel, Section } from "../../../_ui/page-head.tsx";
import { RegionCells } from "../../../_ui/region-cells.tsx";
import { SeverityBadge, SEVERITY_MEANING } from "../../../_ui/severity-badge.tsx";
import { StatusMark } from "../../../_ui/status-mark.tsx";
import { Timeline } from "../../../_ui/timeline.tsx";
import { DeliveryList } from "../../../_parts/delivery-list.tsx";
import { IncidentState } from "../../../_parts/incident-state.tsx";
import { redriveAction } from "../../sinks/actions.ts";
import { Acts } from "./_parts/acts.tsx";
import { After, PromisedBefore } from "./_parts/after.tsx";
import { NoteForm } from "./_parts/note-form.tsx";
import { StormMembers } from "./_parts/storm-members.tsx";
import { Why } from "../../../_parts/why.tsx";

export const metadata: Metadata = { title: "Incident" };

export default async function IncidentPage({
  params,
  searchParams,
}: {
  params: Promise<{ id: string }>;
  searchParams: SearchParams;
}) {
  const given = (await params).id;
  const who = await allowed("incident.read", `/portal/incidents/${encodeURIComponent(given)}`);
  const id = idOr404(given);
  const whole = (await param(searchParams, "timeline")) === "all";
  const page = await read(who, async (tx, now) => {
    const incident = await incidentDetail(tx, id, whole);
    if (incident === null) return null;
    const storm = await stormOf(tx, id);
    const sent = await deliveries(tx, { incidentId: id, take: 200 });
    const after = {
      moments: await momentsOf(tx, id),
      written: (await tx.postmortem.count({ where: { incidentId: id } })) > 0,
      promised: can(who, "postmortem.read") ? await openItemsBefore(tx, id, now) : [],
    };
    return { incident, storm, sent, after, why: await whyPaged(tx, id, now) };
  });
  const { incident, storm, sent, after, why } = found(page);
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
            {/* A part of the installation is stopped or was entered: no server of whose checks one could speak. */}
            {(incident.serverId !== null || incident.drill) && (
              <StatusMark status={incident.status} drill={incident.drill} />
            )}
            <IncidentState state={incident.state} silenced={incident.silenced && incident.state !== "resolved"} />
            <span>
              lasts <Lasted from={incident.startedAt} to={incident.resolvedAt} />
            </span>
          </span>
        }
      >
        <Acts
          incidentId={id}
          name={`#${incident.number} ${incident.subject}`}
          state={incident.state}
          mayAcknowledge={can(who, "incident.acknowledge")}
          mayResolve={can(who, "incident.resolve")}
        />
      </PageHead>
      <Panel className="mb-6">
        {incident.evidence !== "" && <p className="break-words">{incident.evidence}</p>}
        {incident.advice !== null && incident.state !== "resolved" && (
          <p className="mt-1 text-sm text-ink-2">{incident.advice}</p>
        )}
        {incident.nextStepAt !== null && incident.state === "open" && (
          <p className="mt-1 text-sm text-ink-2">
            If nobody acknowledges, the next step is taken <Moment at={incident.nextStepAt} />.
          </p>
        )}
      </Panel>
      <StormMembers of={storm} />
      <PromisedBefore rows={after.promised} mayChange={can(who, "postmortem.change")} />
      {incident.regions.length > 0 && (
        <Section
          title={
            incident.state === "resolved"
              ? "As the regions saw it while it failed"
              : "As the regions saw it when it was last judged"
          }
        >
          <RegionCells cells={incident.regions} />
        </Section>
      )}
      <div className="grid grid-cols-1 items-start gap-x-6 lg:grid-cols-[3fr_2fr]">
        <Section title="Why was I (not) paged?">
          <Why answers={why} />
        </Section>
        <Section title="Facts">
          <Panel>
            <Facts
              rows={[
                incident.serverId === null
                  ? null
                  : [
                      "Server",
                      <Link key="s" href={`/servers/${incident.serverId}`} className="underline underline-offset-2">
                        {incident.subject}
                      </Link>,
                    ],
                ["Severity", `${incident.severity}, ${SEVERITY_MEANING[incident.severity]}`],
                incident.serverId === null
                  ? null
                  : ["First bad check", <Moment key="f" at={incident.startedAt} exact />],
                ["Opened", <Moment key="o" at={incident.openedAt} exact />],
                incident.serverId === null ? null : ["Bad checks", String(incident.badSlots)],
                incident.acknowledgedAt === null
                  ? null
                  : [
                      "Acknowledged",
                      <span key="a">
                        {incident.acknowledgedBy}, <Moment at={incident.acknowledgedAt} />
                      </span>,
                    ],
                incident.resolvedAt === null
                  ? null
                  : [
                      "Resolved",
                      <span key="r">
                        {incident.resolvedBy ?? "by itself"}, <Moment at={incident.resolvedAt} />
                      </span>,
                    ],
                [
                  "Key at every sink",
                  <CopyId key="k" value={incident.dedupKey} shown={`${incident.dedupKey.slice(0, 18)}…`} what="key" />,
                ],
              ]}
            />
          </Panel>
        </Section>
      </div>
      {after.moments !== null && (
        <After
          incidentId={id}
          moments={after.moments}
          written={after.written}
          over={incident.state === "resolved"}
          mayRead={can(who, "postmortem.read")}
          mayWrite={can(who, "postmortem.change")}
        />
      )}
      <Section title="Deliveries" aside={sent.length === 0 ? undefined : `${sent.length}`}>
        {sent.length === 0 ? (
          <Empty title="Nothing was sent">The timeline below says why.</Empty>
        ) : (
          <DeliveryList rows={sent} again={can(who, "delivery.redrive") ? redriveAction : undefined} bySink={false} />
        )}
      </Section>
      <Section
        title="Timeline"
        aside={
          incident.timelineRows > incident.timeline.length ? (
            <>
              the newest {incident.timeline.length} of {incident.timelineRows},{" "}
              {!whole && (
                <Link href={`/incidents/${id}?timeline=all`} className="underline underline-offset-2 hover:text-ink">
                  see all
                </Link>
              )}
            </>
          ) : undefined
        }
      >
        <Timeline entries={incident.timeline} />
        {can(who, "incident.note") && <NoteForm incidentId={id} />}
      </Section>
    </>
  );
}
