import type { Metadata } from "next";
import { incidents } from "#lib/queries/incidents";
import { type DutyRow, duties, type ProcessRow, processes } from "#lib/queries/platform";
import { heartbeats } from "#lib/queries/heartbeats";
import { selftestNow } from "#lib/queries/selftest";
import { read } from "../../_server/read.ts";
import { allowed, can } from "../../_server/session.ts";
import { ButtonLink } from "../../_ui/button.tsx";
import { Empty } from "../../_ui/empty.tsx";
import { Moment } from "../../_ui/moment.tsx";
import { PageHead, Section } from "../../_ui/page-head.tsx";
import { StatusMark } from "../../_ui/status-mark.tsx";
import { Table, Td, Th, Tr } from "../../_ui/table.tsx";
import { Heartbeats } from "./_parts/heartbeats.tsx";
import { IncidentTable } from "../../_parts/incident-table.tsx";

export const metadata: Metadata = { title: "Platform" };

const STATE = {
  reports: { status: "up", word: "Reports" },
  silent: { status: "down", word: "Silent" },
  stopped: { status: "unknown", word: "Stopped" },
} as const;

const KIND: Record<string, { name: string; does: string }> = {
  worker: { name: "Worker", does: "schedules, decides, tells" },
  guard: { name: "Guard", does: "watches the worker and tells when it stops" },
  prober: { name: "Prober", does: "looks at the servers" },
};

export default async function PlatformPage() {
  const who = await allowed("platform.read");
  const own = who.seat.isPlatform;
  const page = await read(who, async (tx, now) => ({
    processes: await processes(tx, now),
    duties: await duties(tx),
    selftest: await selftestNow(tx),
    heartbeats: own ? await heartbeats(tx) : [],
    alerts: own ? await incidents(tx, { states: ["open", "acknowledged"], take: 50 }) : [],
  }));
  return (
    <>
      <PageHead
        title="Platform"
        lead="The installation itself: its processes, what they do regularly, and what is wrong with them."
      >
        <ButtonLink href="/platform/keys">Keys</ButtonLink>
        <ButtonLink href="/platform/regions">Regions</ButtonLink>
        <ButtonLink href="/platform/probers">Probers</ButtonLink>
        <ButtonLink href="/platform/streams">Audit streams</ButtonLink>
      </PageHead>
      {own ? (
        <Section title="Its own alerts">
          {page.alerts.length === 0 ? (
            <Empty title="Nothing is wrong with the installation">
              A worker or region that stops, or probers that cannot work, stand here first.
            </Empty>
          ) : (
            <IncidentTable rows={page.alerts} label="Alerts of the installation" live />
          )}
        </Section>
      ) : (
        <p className="mb-6 text-sm text-ink-2">
          Its own alerts are incidents of the tenant “This installation”: choose it as tenant to see them.
        </p>
      )}
      <Heartbeats rows={page.heartbeats} selftest={page.selftest} mayChange={can(who, "platform.change")} own={own} />
      <Section title="Processes" aside="of the last 24 hours">
        <Processes rows={page.processes} />
      </Section>
      <Section title="Duties" aside="each runs in one process at a time">
        <Duties rows={page.duties} />
      </Section>
    </>
  );
}

function Processes({ rows }: { rows: ProcessRow[] }) {
  if (rows.length === 0)
    return (
      <Empty title="No process has reported">Start the worker and its probers: each says here that it runs.</Empty>
    );
  return (
    <Table
      label="Every process"
      head={
        <>
          <Th>State</Th>
          <Th>Process</Th>
          <Th wide>Host</Th>
          <Th wide className="text-right">
            Started
          </Th>
          <Th className="text-right">Last heard of</Th>
        </>
      }
    >
      {rows.map((row) => (
        <Tr key={row.id}>
          <Td>
            <StatusMark status={STATE[row.state].status} word={STATE[row.state].word} />
          </Td>
          <Td className="w-full">
            <span className="font-medium">
              {KIND[row.kind]?.name ?? row.kind}
              {row.place !== null && ` in ${row.place}`}
            </span>{" "}
            <span className="text-ink-2">{KIND[row.kind]?.does}</span>
          </Td>
          <Td wide className="max-w-64 truncate font-mono text-xs text-ink-2" title={row.host}>
            {row.host}
          </Td>
          <Td wide className="text-right whitespace-nowrap text-ink-2">
            <Moment at={row.startedAt} />
          </Td>
          <Td className="text-right text-ink-2">
            <Moment at={row.heartbeatAt} />
          </Td>
        </Tr>
      ))}
    </Table>
  );
}

function Duties({ rows }: { rows: DutyRow[] }) {
  if (rows.length === 0) return <Empty title="No duty has run yet">The first worker that starts takes them.</Empty>;
  return (
    <Table
      label="Every duty"
      head={
        <>
          <Th>Duty</Th>
          <Th>Last error</Th>
          <Th className="text-right">Last done</Th>
        </>
      }
    >
      {rows.map((row) => (
        <Tr key={row.name}>
          <Td className="font-mono text-xs whitespace-nowrap">{row.name}</Td>
          <Td className="w-full max-w-0 truncate text-xs text-down" title={row.lastError ?? undefined}>
            {row.lastError ?? <span className="text-ink-2">none</span>}
          </Td>
          <Td className="text-right text-ink-2">
            {row.lastSuccessAt === null ? "never" : <Moment at={row.lastSuccessAt} />}
          </Td>
        </Tr>
      ))}
    </Table>
  );
}
