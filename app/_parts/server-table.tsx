import Link from "next/link";
import type { ServerRow } from "#lib/queries/servers";
import { eraWord } from "#lib/queries/words";
import { Moment } from "../_ui/moment.tsx";
import { RegionDots } from "../_ui/region-cells.tsx";
import { StatusMark } from "../_ui/status-mark.tsx";
import { Table, Td, Th, Tr } from "../_ui/table.tsx";

export function ServerTable({
  rows,
  label,
  base = "",
}: {
  rows: Omit<ServerRow, "reasonName">[];
  label: string;
  base?: "" | "/portal";
}) {
  return (
    <Table
      label={label}
      tall
      head={
        <>
          <Th>State</Th>
          <Th>Server</Th>
          <Th wide>Reason</Th>
          <Th wide>Regions</Th>
          <Th wide>Era</Th>
          <Th wide>Sign-in</Th>
          <Th wide className="text-right">
            Latency
          </Th>
          <Th className="text-right">Checked</Th>
        </>
      }
    >
      {rows.map((row) => (
        <Tr key={row.id} href={`${base}/servers/${row.id}`}>
          <Td>
            <StatusMark status={row.status} {...(row.paused ? { word: "Paused" } : {})} />
          </Td>
          <Td className="w-full max-w-0">
            <Link
              href={`${base}/servers/${row.id}`}
              className="line-clamp-3 font-medium break-words hover:underline md:block md:truncate"
              title={`${row.name} · ${row.shownUrl}`}
            >
              {row.name}
            </Link>
            {row.reason !== null && <span className="block text-xs text-ink-2 md:hidden">{row.reason}</span>}
          </Td>
          <Td wide className="max-w-64 truncate whitespace-nowrap text-ink-2">
            {row.reason ?? ""}
          </Td>
          <Td wide>
            <RegionDots cells={row.cells} />
          </Td>
          <Td wide className="whitespace-nowrap text-ink-2">
            {row.era === null ? "" : eraWord(row.era)}
          </Td>
          <Td wide className="whitespace-nowrap text-ink-2">
            {row.auth === "unknown" ? "" : row.auth}
          </Td>
          <Td wide className="text-right whitespace-nowrap text-ink-2">
            {row.latencyMs === null ? "" : `${row.latencyMs} ms`}
          </Td>
          <Td className="text-right text-ink-2">{row.lastSlot === null ? "never" : <Moment at={row.lastSlot} />}</Td>
        </Tr>
      ))}
    </Table>
  );
}
