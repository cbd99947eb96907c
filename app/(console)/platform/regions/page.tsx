import type { Metadata } from "next";
import { type RegionRow, regionRows } from "#lib/queries/regions";
import { read } from "../../../_server/read.ts";
import { allowed, can } from "../../../_server/session.ts";
import { Empty } from "../../../_ui/empty.tsx";
import { Moment } from "../../../_ui/moment.tsx";
import { PageHead, Section } from "../../../_ui/page-head.tsx";
import { StatusMark } from "../../../_ui/status-mark.tsx";
import { Table, Td, Th, Tr } from "../../../_ui/table.tsx";
import { AddRegion, ChangeRegion } from "./_parts/forms.tsx";

export const metadata: Metadata = { title: "Regions" };

const STATE = {
  reports: { status: "up", word: "Looks" },
  offline: { status: "down", word: "Offline" },
  refused: { status: "down", word: "Turned away" },
  silent: { status: "down", word: "Silent" },
  off: { status: "unknown", word: "Off" },
} as const;

export default async function RegionsPage() {
  const who = await allowed("platform.read");
  const rows = await read(who, regionRows);
  const mayChange = can(who, "region.change");
  return (
    <>
      <PageHead
        title="Regions"
        lead="Where servers are looked at from. One region that fails alone is a warning; two or more that agree are an alert."
      />
      {rows.length === 0 ? (
        <Empty title="There is no region">Without one nobody looks at any server: add the first.</Empty>
      ) : (
        <Regions rows={rows} />
      )}
      {mayChange && (
        <>
          <div className="mb-8">
            {rows.map((row) => (
              <ChangeRegion key={row.name} row={row} />
            ))}
          </div>
          <Section title="Add a region">
            <AddRegion />
          </Section>
        </>
      )}
    </>
  );
}

function Regions({ rows }: { rows: RegionRow[] }) {
  return (
    <Table
      label="Regions"
      head={
        <>
          <Th>State</Th>
          <Th>Region</Th>
          <Th wide>Clock</Th>
          <Th wide className="text-right">
            Kept back
          </Th>
          <Th className="text-right">Waiting</Th>
          <Th className="text-right">Last heard of</Th>
        </>
      }
    >
      {rows.map((row) => (
        <Tr key={row.name}>
          <Td>
            <StatusMark status={STATE[row.state].status} word={STATE[row.state].word} />
          </Td>
          <Td className="w-full max-w-0 min-w-40">
            <span className="block truncate font-medium">
              {row.city} <span className="font-mono text-xs font-normal text-ink-2">{row.name}</span>
            </span>
            <span className="block truncate text-xs text-ink-2">
              {row.kind === "in_cluster"
                ? "A process of this installation"
                : row.agent === null
                  ? "An agent that has not called yet"
                  : `An agent on ${row.agent.host}, build ${row.agent.build}, protocol ${row.agent.protocol}`}
            </span>
            {row.state === "refused" && <span className="block text-xs break-words text-down">{row.refused}</span>}
            {row.offlineSince !== null && (
              <span className="block text-xs text-down">
                Reaches nothing at all since <Moment at={row.offlineSince} />: no server is blamed meanwhile.
              </span>
            )}
          </Td>
          <Td wide className="text-xs whitespace-nowrap text-ink-2">
            {row.agent === null ? "" : clockWords(row.agent.skewMs, row.agent.rttMs)}
          </Td>
          <Td wide className="text-right text-xs whitespace-nowrap text-ink-2">
            {row.agent === null ? "" : keptWords(row.agent)}
          </Td>
          <Td className="text-right">{row.waiting ?? ""}</Td>
          <Td className="text-right text-ink-2">{row.heardAt === null ? "never" : <Moment at={row.heardAt} />}</Td>
        </Tr>
      ))}
    </Table>
  );
}

function clockWords(skewMs: number, rttMs: number | null): string {
  const off =
    Math.abs(skewMs) < 1_000 ? "right" : `${Math.round(Math.abs(skewMs) / 1_000)} s ${skewMs > 0 ? "ahead" : "behind"}`;
  return rttMs === null ? off : `${off}, ${rttMs} ms away`;
}

function keptWords({ buffered, late, lost }: { buffered: number; late: number; lost: number }): string {
  const parts = [
    buffered > 0 ? `${buffered} wait` : null,
    late > 0 ? `${late} came too late` : null,
    lost > 0 ? `${lost} lost` : null,
  ].filter((p) => p !== null);
  return parts.join(", ");
}
