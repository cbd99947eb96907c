import type { Metadata } from "next";
import Link from "next/link";
import type { Line, NoisyServer } from "#lib/domain/noise";
import { isZone } from "#lib/domain/schedule";
import { noiseReport, type Withheld } from "#lib/queries/noise";
import { severities } from "#lib/queries/severities";
import { param, type SearchParams } from "../../_server/query.ts";
import { read } from "../../_server/read.ts";
import { allowed, can } from "../../_server/session.ts";
import { ButtonLink } from "../../_ui/button.tsx";
import { Empty } from "../../_ui/empty.tsx";
import { Facts, PageHead, Section } from "../../_ui/page-head.tsx";
import { Table, Td, Th, Tr } from "../../_ui/table.tsx";
import { spell } from "../../_ui/time-words.ts";
import { Severities } from "./_parts/severities.tsx";

export const metadata: Metadata = { title: "Noise" };

const PERIODS = [7, 30];
const SHOWN = 20;
const WITHHELD: Readonly<Record<string, string>> = {
  "held:window": "in maintenance windows",
  "held:storm": "as members of a storm",
  "held:cluster": "as part of a failure of many tenants",
  "held:budget": "above the hour's budget, counted in a digest",
  joined: "because they joined another incident",
  silenced: "by silences",
  log_only: "as too small to tell anybody (P4)",
  nobody_to_tell: "because no sink was meant for them",
  withheld: "pages taken back before they were sent",
};

export default async function NoisePage({ searchParams }: { searchParams: SearchParams }) {
  const who = await allowed("noise.read");
  const days = await period(searchParams);
  const asked = await param(searchParams, "zone");
  const zone = isZone(asked) ? asked : "UTC";
  const mayChange = can(who, "severity.change");
  const { report, reasons } = await read(who, async (tx, now) => ({
    report: await noiseReport(tx, days, zone, now),
    reasons: await severities(tx),
  }));
  const link = (d: number) => `/noise?days=${d}${zone === "UTC" ? "" : `&zone=${encodeURIComponent(zone)}`}`;
  return (
    <>
      <PageHead
        title="Noise"
        lead={`Who was paged how often in the last ${days} days, what was held back, and what nobody acted on. Nights are 22:00 to 07:00, ${zone}.`}
      >
        {PERIODS.map((d) => (
          <ButtonLink key={d} href={link(d)} look={d === days ? "primary" : "plain"}>
            {d} days
          </ButtonLink>
        ))}
      </PageHead>
      {report.pages === 0 ? (
        <Empty title="Nobody was paged">In this time no incident was told to any sink.</Empty>
      ) : (
        <>
          <Section title="In all">
            <Facts
              rows={[
                [
                  "Pages",
                  `${report.pages}${report.cut ? " and more" : ""}, for ${report.incidents} incident${report.incidents === 1 ? "" : "s"}`,
                ],
                ["At night", String(report.night)],
                ["Nobody acted on", `${report.ignored}: told, never acknowledged, and over by themselves`],
                [
                  "Acknowledged after",
                  report.medianAckMs === null ? "never" : `${spell(report.medianAckMs)}, as the median`,
                ],
              ]}
            />
          </Section>
          <Section title="Noisiest servers">
            <Servers rows={report.servers.slice(0, SHOWN)} />
          </Section>
          {report.people.length > 0 && <Lines title="People" what="Person" rows={report.people} />}
          <Lines title="Sinks" what="Sink" rows={report.sinks} />
          <Lines title="Reasons" what="Reason" rows={report.reasons} />
        </>
      )}
      <Section title="Held back">
        {report.withheld.length === 0 ? (
          <Empty title="Nothing was held back">Every incident was told as the routes say.</Empty>
        ) : (
          <ul className="divide-y rounded-lg border bg-panel text-sm">
            {report.withheld.map((w) => (
              <li key={w.what} className="flex gap-3 px-3 py-2">
                <span className="tabular w-14 text-right font-medium">{w.count}</span>
                <span className="text-ink-2">{words(w)}</span>
              </li>
            ))}
          </ul>
        )}
      </Section>
      <Severities rows={reasons} mayChange={mayChange} />
    </>
  );
}

async function period(searchParams: SearchParams): Promise<number> {
  const asked = await param(searchParams, "days");
  return PERIODS.find((d) => String(d) === asked) ?? 7;
}

const words = ({ what }: Withheld) => (Object.hasOwn(WITHHELD, what) ? WITHHELD[what] : what);

function Lines({ title, what, rows }: { title: string; what: string; rows: Line[] }) {
  return (
    <Section title={title}>
      <Table label={title} head={<Head what={what} />}>
        {rows.slice(0, SHOWN).map((row) => (
          <Tr key={row.key}>
            <Td className="w-full max-w-0 truncate" title={row.name}>
              {row.name}
            </Td>
            <Counts row={row} />
          </Tr>
        ))}
      </Table>
    </Section>
  );
}

function Servers({ rows }: { rows: NoisyServer[] }) {
  return (
    <Table label="Noisiest servers" head={<Head what="Server" />}>
      {rows.map((row) => (
        <Tr key={row.key} href={`/servers/${row.key}`}>
          <Td className="w-full max-w-0">
            <Link href={`/servers/${row.key}`} className="block truncate hover:underline" title={row.name}>
              {row.name}
            </Link>
            {row.suggestion !== null && <span className="block text-xs text-ink-2">{row.suggestion}</span>}
          </Td>
          <Counts row={row} />
        </Tr>
      ))}
    </Table>
  );
}

const Head = ({ what }: { what: string }) => (
  <>
    <Th>{what}</Th>
    <Th className="text-right">Pages</Th>
    <Th className="text-right">At night</Th>
    <Th wide className="text-right">
      Incidents
    </Th>
    <Th wide className="text-right">
      Nobody acted
    </Th>
  </>
);

const Counts = ({ row }: { row: Line }) => (
  <>
    <Td className="tabular text-right">{row.pages}</Td>
    <Td className="tabular text-right">{row.night}</Td>
    <Td wide className="tabular text-right">
      {row.incidents}
    </Td>
    <Td wide className="tabular text-right">
      {row.ignored}
    </Td>
  </>
);
