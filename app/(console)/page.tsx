import type { Metadata } from "next";
import Link from "next/link";
import { overdueReviews } from "#lib/queries/audit-review";
import { wrongNow } from "#lib/queries/now";
import { read } from "../_server/read.ts";
import { allowed, can } from "../_server/session.ts";
import { ButtonLink } from "../_ui/button.tsx";
import { Empty } from "../_ui/empty.tsx";
import { Moment } from "../_ui/moment.tsx";
import { PageHead, Section } from "../_ui/page-head.tsx";
import { StatusShape } from "../_ui/status-mark.tsx";
import { IncidentTable } from "../_parts/incident-table.tsx";
import { ServerTable } from "../_parts/server-table.tsx";

export const metadata: Metadata = { title: "What is wrong now" };

export default async function NowPage() {
  const who = await allowed("incident.read");
  const reviews = can(who, "audit.review");
  const { now, overdue } = await read(who, async (tx, at) => ({
    now: await wrongNow(tx, at),
    overdue: reviews ? await overdueReviews(tx, who.seat.id, at) : 0,
  }));
  const quiet = now.open.total + now.acknowledged.total + now.notChecked.total + now.watchedClosely.total === 0;
  const mayRegister = can(who, "server.register");
  return (
    <>
      <PageHead
        title="What is wrong now"
        lead={now.counts.all === 0 ? undefined : <Tally {...now.counts} lastLook={now.lastLook} />}
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
          <Link href="/sinks" className="font-medium underline underline-offset-2">
            See why and send again
          </Link>
        </p>
      )}
      {now.sinks === 0 && now.counts.all > 0 && (
        <p className="mb-5 rounded-lg border border-degraded bg-degraded-wash px-4 py-3 text-sm">
          Nobody would be told: there is no enabled sink.{" "}
          <Link
            href={can(who, "sink.change") ? "/sinks/new" : "/sinks"}
            className="font-medium underline underline-offset-2"
          >
            {can(who, "sink.change") ? "Add one" : "See the sinks"}
          </Link>
        </p>
      )}
      {now.open.total > 0 && (
        <Section title="Open, nobody has it yet" aside={<More of={now.open} href="/incidents?state=open" />}>
          <IncidentTable rows={now.open.rows} label="Open incidents" live />
        </Section>
      )}
      {now.acknowledged.total > 0 && (
        <Section
          title="Acknowledged, not over"
          aside={<More of={now.acknowledged} href="/incidents?state=acknowledged" />}
        >
          <IncidentTable rows={now.acknowledged.rows} label="Acknowledged incidents" live />
        </Section>
      )}
      {now.notChecked.total > 0 && (
        <Section
          title="Not checked"
          aside={
            now.notChecked.total > now.notChecked.rows.length ? (
              <More of={now.notChecked} href="/servers?state=unknown" />
            ) : (
              "nothing is known of these, so they are not called good"
            )
          }
        >
          <ServerTable rows={now.notChecked.rows} label="Servers not checked" />
        </Section>
      )}
      {now.watchedClosely.total > 0 && (
        <Section title="Not well, and not (yet) an incident" aside={<More of={now.watchedClosely} href="/servers" />}>
          <ServerTable rows={now.watchedClosely.rows} label="Servers not well" />
        </Section>
      )}
      {quiet && now.counts.all > 0 && (
        <div className="flex items-center gap-3 rounded-lg border bg-panel px-4 py-4">
          <StatusShape status={now.counts.up > 0 ? "up" : "unknown"} size={14} />
          <p>
            {now.counts.up > 0 ? (
              <>
                All quiet:{" "}
                {now.counts.up === 1
                  ? "the one server that is checked works"
                  : `all ${now.counts.up} checked servers work`}
                {now.lastLook !== null && (
                  <>
                    , last looked at <Moment at={now.lastLook} />
                  </>
                )}
                .
              </>
            ) : (
              "Every server is paused, so nothing is known."
            )}
          </p>
        </div>
      )}
      {quiet &&
        now.counts.all === 0 &&
        (who.seat.isPlatform ? <NothingOfOurs /> : <NoServer mayRegister={mayRegister} />)}
      {overdue > 0 && (
        <p className="mt-6 text-sm text-ink-2">
          <Link href="/audit/review" className="underline underline-offset-2 hover:text-ink">
            {overdue === 1 ? "One day of the audit log" : `${overdue} days of the audit log`}
          </Link>{" "}
          {overdue === 1 ? "was" : "were"} not reviewed in time.
        </p>
      )}
      {now.resolvedToday > 0 && (
        <p className="mt-6 text-sm text-ink-2">
          <Link href="/incidents?state=resolved" className="underline underline-offset-2 hover:text-ink">
            {now.resolvedToday === 1 ? "One incident" : `${now.resolvedToday} incidents`}
          </Link>{" "}
          resolved in the last 24 hours.
        </p>
      )}
    </>
  );
}

/** The installation's own tenant: what can go wrong there is the installation. */
function NothingOfOurs() {
  return (
    <Empty
      title="Nothing is wrong with the installation"
      action={<ButtonLink href="/platform">See the platform</ButtonLink>}
    >
      A worker or region that stops, or probers that cannot work, stand here first. Whoever is named under Sinks is
      told.
    </Empty>
  );
}

function NoServer({ mayRegister }: { mayRegister: boolean }) {
  const action = (
    <ButtonLink href="/servers/new" look="primary">
      Register a server
    </ButtonLink>
  );
  return (
    <Empty title="No server is watched yet" {...(mayRegister ? { action } : {})}>
      {mayRegister
        ? "Paste the address of an MCP server. The first check runs at once; when it fails later, it stands here first."
        : "When one is registered and fails, it stands here first."}
    </Empty>
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

function Tally({ all, up, paused, lastLook }: { all: number; up: number; paused: number; lastLook: number | null }) {
  return (
    <span>
      {up} of {all - paused} servers up{paused > 0 && `, ${paused} paused`}
      {lastLook !== null && (
        <>
          , last looked at <Moment at={lastLook} />
        </>
      )}
    </span>
  );
}
