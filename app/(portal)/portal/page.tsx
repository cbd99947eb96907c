import type { Metadata } from "next";
import Link from "next/link";
import { portalOverview } from "#lib/queries/portal/overview";
import { IncidentTable } from "../../_parts/incident-table.tsx";
import { ServerTable } from "../../_parts/server-table.tsx";
import { read } from "../../_server/read.ts";
import { can } from "../../_server/session.ts";
import { ButtonLink } from "../../_ui/button.tsx";
import { Empty } from "../../_ui/empty.tsx";
import { Moment } from "../../_ui/moment.tsx";
import { PageHead, Section } from "../../_ui/page-head.tsx";
import { StatusShape } from "../../_ui/status-mark.tsx";
import { enter } from "../_parts/enter.ts";

export const metadata: Metadata = { title: "Overview" };

export default async function OverviewPage() {
  const who = await enter("/portal");
  const now = await read(who, portalOverview);
  const { counts } = now;
  const watched = counts.all - counts.paused;
  const quiet = now.open.total + now.acknowledged.total + now.notChecked.total + now.notWell.total === 0;
  return (
    <>
      <PageHead
        title={who.seat.name}
        lead={
          counts.all === 0 ? undefined : (
            <span>
              {counts.up} of {watched} {watched === 1 ? "server" : "servers"} up
              {counts.paused > 0 && `, ${counts.paused} paused`}
              {now.lastLook !== null && (
                <>
                  , last looked at <Moment at={now.lastLook} />
                </>
              )}
            </span>
          )
        }
      />
      {now.nothingChecked !== null && (
        <p
          role="alert"
          className="mb-5 rounded-lg border border-l-4 border-unknown bg-panel px-4 py-3 text-sm font-medium"
        >
          {now.nothingChecked}
        </p>
      )}
      {now.deadDeliveries > 0 && (
        <p className="mb-5 rounded-lg border border-down bg-down-wash px-4 py-3 text-sm">
          {now.deadDeliveries === 1 ? "One notice" : `${now.deadDeliveries} notices`} could not be delivered.{" "}
          <Link href="/portal/sinks" className="font-medium underline underline-offset-2">
            See why
          </Link>
        </p>
      )}
      {now.sinks === 0 && counts.all > 0 && (
        <p className="mb-5 rounded-lg border border-degraded bg-degraded-wash px-4 py-3 text-sm">
          Nobody would be told: there is no enabled sink.{" "}
          <Link
            href={can(who, "sink.change") ? "/portal/sinks/new" : "/portal/sinks"}
            className="font-medium underline underline-offset-2"
          >
            {can(who, "sink.change") ? "Add one" : "See the sinks"}
          </Link>
        </p>
      )}
      {now.open.total > 0 && (
        <Section title="Open incidents" aside={<More of={now.open} href="/portal/incidents?state=open" />}>
          <IncidentTable rows={now.open.rows} label="Open incidents" live base="/portal" />
        </Section>
      )}
      {now.acknowledged.total > 0 && (
        <Section
          title="Somebody has it in hand"
          aside={<More of={now.acknowledged} href="/portal/incidents?state=acknowledged" />}
        >
          <IncidentTable rows={now.acknowledged.rows} label="Acknowledged incidents" live base="/portal" />
        </Section>
      )}
      {now.notChecked.total > 0 && (
        <Section
          title="Not checked"
          aside={
            now.notChecked.total > now.notChecked.rows.length ? (
              <More of={now.notChecked} href="/portal/servers?state=unknown" />
            ) : (
              "nothing is known of these, so they are not called good"
            )
          }
        >
          <ServerTable rows={now.notChecked.rows} label="Servers not checked" base="/portal" />
        </Section>
      )}
      {now.notWell.total > 0 && (
        <Section title="Not well, and not (yet) an incident" aside={<More of={now.notWell} href="/portal/servers" />}>
          <ServerTable rows={now.notWell.rows} label="Servers not well" base="/portal" />
        </Section>
      )}
      {quiet && counts.all > 0 && (
        <div className="flex items-center gap-3 rounded-lg border bg-panel px-4 py-4">
          <StatusShape status={counts.up > 0 ? "up" : "unknown"} size={14} />
          <p>
            {counts.up === 0
              ? "Every server is paused, so nothing is known."
              : counts.up === 1
                ? "The one server that is checked works."
                : `All ${counts.up} servers that are checked work.`}
          </p>
        </div>
      )}
      {counts.all === 0 && (
        <Empty
          title="No server is watched yet"
          {...(can(who, "server.register")
            ? {
                action: (
                  <ButtonLink href="/portal/servers/new" look="primary">
                    Register a server
                  </ButtonLink>
                ),
              }
            : {})}
        >
          Paste the address of an MCP server: the first check runs at once, and what is wrong with it stands here.
        </Empty>
      )}
      {now.resolvedToday > 0 && (
        <p className="mt-6 text-sm text-ink-2">
          <Link href="/portal/incidents?state=resolved" className="underline underline-offset-2 hover:text-ink">
            {now.resolvedToday === 1 ? "One incident" : `${now.resolvedToday} incidents`}
          </Link>{" "}
          resolved in the last 24 hours.
        </p>
      )}
    </>
  );
}

/** How many there are; a link to all of them where the list was cut. */
function More({ of, href }: { of: { rows: unknown[]; total: number }; href: string }) {
  if (of.total === of.rows.length) return String(of.total);
  return (
    <>
      the first {of.rows.length} of {of.total},{" "}
      <Link href={href} className="underline underline-offset-2 hover:text-ink">
        see all
      </Link>
    </>
  );
}
