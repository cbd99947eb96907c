import type { Metadata } from "next";
import {
  killedRuns,
  type RunRow,
  type RunSum,
  runSums,
  type SlowTenant,
  slowTenants,
  type WaitRow,
  waits,
} from "#lib/queries/probers";
import { read } from "../../../_server/read.ts";
import { allowed, can } from "../../../_server/session.ts";
import { Empty } from "../../../_ui/empty.tsx";
import { ActButton } from "../../../_ui/form.tsx";
import { Moment } from "../../../_ui/moment.tsx";
import { PageHead, Section } from "../../../_ui/page-head.tsx";
import { Table, Td, Th, Tr } from "../../../_ui/table.tsx";
import { releaseProbesAction } from "./actions.ts";

export const metadata: Metadata = { title: "Probers" };

const REASON: Record<string, string> = {
  wall: "Not done after 50 s",
  stalled: "Stuck for 10 s",
  memory: "Took too much memory",
  crash: "Ended by itself",
  recycled: "Replaced as usual",
  closed: "Stopped with its region",
};

export default async function ProbersPage() {
  const who = await allowed("platform.read");
  const own = who.seat.isPlatform;
  const page = await read(who, async (tx, now) => ({
    slow: own ? await slowTenants(tx, { tenantId: who.seat.id, actorId: who.personId }, now) : [],
    killed: own ? await killedRuns(tx, 50) : [],
    sums: await runSums(tx, now),
    waits: await waits(tx, now),
  }));
  return (
    <>
      <PageHead
        title="Probers"
        lead="The processes that talk to servers. What a server does to one ends that process alone: it is killed, named, and its tenant is checked less often when it happens again and again."
      />
      {own ? (
        <>
          <Section title="Tenants in whose work a prober was killed" aside="last 24 hours">
            <Slow rows={page.slow} mayRelease={can(who, "prober.release")} />
          </Section>
          <Section title="Probers that were killed or ended by themselves" aside="the latest 50">
            <Killed rows={page.killed} />
          </Section>
        </>
      ) : (
        <p className="mb-6 text-sm text-ink-2">
          In whose work probers were killed is shown to the tenant “This installation”: choose it as tenant to see it.
        </p>
      )}
      <Section title="How they ended" aside="last 24 hours">
        <Sums rows={page.sums} />
      </Section>
      <Section title="How long batches waited" aside="each quarter of an hour, last 3 hours">
        <Waits rows={page.waits} />
      </Section>
    </>
  );
}

function Slow({ rows, mayRelease }: { rows: SlowTenant[]; mayRelease: boolean }) {
  if (rows.length === 0) return <Empty title="None">No server has had a prober killed.</Empty>;
  return (
    <Table
      label="Tenants with killed probers"
      head={
        <>
          <Th>Tenant</Th>
          <Th className="text-right">Kills</Th>
          <Th className="text-right">Last</Th>
          <Th>Checked</Th>
          {mayRelease && <Th>Release</Th>}
        </>
      }
    >
      {rows.map((row) => (
        <Tr key={row.tenantId}>
          <Td className="w-full font-mono text-xs">{row.slug}</Td>
          <Td className="text-right tabular-nums">{row.kills}</Td>
          <Td className="text-right whitespace-nowrap text-ink-2">
            <Moment at={row.lastAt} />
          </Td>
          <Td className="whitespace-nowrap">
            {row.factor === 1 ? (
              <span className="text-ink-2">as set</span>
            ) : (
              <>
                {row.factor} times less often
                {row.until !== null && (
                  <>
                    {" "}
                    until <Moment at={row.until} />
                  </>
                )}
              </>
            )}
          </Td>
          {mayRelease && (
            <Td>
              {row.factor > 1 && (
                <ActButton
                  small
                  action={releaseProbesAction}
                  fields={{ tenantId: row.tenantId }}
                  busy="Releasing…"
                  label={`Release ${row.slug}`}
                >
                  Release
                </ActButton>
              )}
            </Td>
          )}
        </Tr>
      ))}
    </Table>
  );
}

function Killed({ rows }: { rows: RunRow[] }) {
  if (rows.length === 0) return <Empty title="None">Every prober ended as it should, or runs still.</Empty>;
  return (
    <Table
      label="Killed probers"
      head={
        <>
          <Th>Why</Th>
          <Th>Region</Th>
          <Th wide>Tenant</Th>
          <Th wide className="text-right">
            Probes
          </Th>
          <Th wide className="text-right">
            CPU
          </Th>
          <Th wide className="text-right">
            Memory
          </Th>
          <Th wide className="text-right">
            Printed
          </Th>
          <Th className="text-right">Ended</Th>
        </>
      }
    >
      {rows.map((row) => (
        <Tr key={row.id}>
          <Td className="w-full">
            {REASON[row.reason] ?? row.reason} <span className="text-ink-2">{row.exit}</span>
          </Td>
          <Td className="whitespace-nowrap">{row.city}</Td>
          <Td wide className="font-mono text-xs">
            {row.slug ?? ""}
          </Td>
          <Td wide className="text-right tabular-nums">
            {row.probes}
          </Td>
          <Td wide className="text-right whitespace-nowrap tabular-nums">
            {(row.cpuMs / 1_000).toFixed(1)} s
          </Td>
          <Td wide className="text-right whitespace-nowrap tabular-nums">
            {row.mostMb} MB
          </Td>
          <Td wide className="text-right whitespace-nowrap tabular-nums">
            {row.printedBytes} B
          </Td>
          <Td className="text-right whitespace-nowrap text-ink-2">
            <Moment at={row.endedAt} />
          </Td>
        </Tr>
      ))}
    </Table>
  );
}

function Sums({ rows }: { rows: RunSum[] }) {
  if (rows.length === 0)
    return <Empty title="None has ended yet">A prober is replaced after 12,500 probes: then it stands here.</Empty>;
  return (
    <Table
      label="Ends of probers by region"
      head={
        <>
          <Th>Region</Th>
          <Th>How</Th>
          <Th className="text-right">Processes</Th>
          <Th className="text-right">Probes</Th>
          <Th wide className="text-right">
            CPU
          </Th>
          <Th wide className="text-right">
            Most memory
          </Th>
        </>
      }
    >
      {rows.map((row) => (
        <Tr key={`${row.city} ${row.reason}`}>
          <Td className="whitespace-nowrap">{row.city}</Td>
          <Td className="w-full">{REASON[row.reason] ?? row.reason}</Td>
          <Td className="text-right tabular-nums">{row.runs}</Td>
          <Td className="text-right tabular-nums">{row.probes}</Td>
          <Td wide className="text-right whitespace-nowrap tabular-nums">
            {row.cpuS} s
          </Td>
          <Td wide className="text-right whitespace-nowrap tabular-nums">
            {row.mostMb} MB
          </Td>
        </Tr>
      ))}
    </Table>
  );
}

function Waits({ rows }: { rows: WaitRow[] }) {
  if (rows.length === 0)
    return <Empty title="Nothing measured yet">The first row comes with the next full quarter of an hour.</Empty>;
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  return (
    <Table
      label="Waits by region"
      head={
        <>
          <Th>Until</Th>
          <Th>Region</Th>
          <Th className="text-right">Batches</Th>
          <Th className="text-right">95 of 100 within</Th>
          <Th wide className="text-right">
            Worst minute
          </Th>
          <Th wide className="text-right">
            Change a minute
          </Th>
        </>
      }
    >
      {rows.map((row) => (
        <Tr key={`${row.city} ${row.at}`}>
          <Td className="whitespace-nowrap text-ink-2">
            <Moment at={row.at} />
          </Td>
          <Td className="w-full">{row.city}</Td>
          <Td className="text-right tabular-nums">{row.batches}</Td>
          <Td className="text-right whitespace-nowrap tabular-nums">{seconds(row.p95Ms)}</Td>
          <Td wide className="text-right whitespace-nowrap tabular-nums">
            {seconds(row.worstMs)}
          </Td>
          <Td wide className="text-right whitespace-nowrap tabular-nums">
            {row.rateMs > 0 ? "+" : ""}
            {seconds(row.rateMs)}
          </Td>
        </Tr>
      ))}
    </Table>
  );
}
