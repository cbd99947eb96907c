import Link from "next/link";
import type { HeldKind, HeldRow } from "#lib/queries/held";
import { Moment } from "../../../_ui/moment.tsx";
import { SeverityBadge } from "../../../_ui/severity-badge.tsx";
import { Table, Td, Th, Tr } from "../../../_ui/table.tsx";

export function HeldTable({ rows, labels }: { rows: HeldRow[]; labels: Record<HeldKind, string> }) {
  return (
    <Table
      label="Held back"
      tall
      head={
        <>
          <Th>Severity</Th>
          <Th>Incident</Th>
          <Th>Held by</Th>
          <Th wide>Would have told</Th>
          <Th>What became of it</Th>
          <Th className="text-right">Since</Th>
        </>
      }
    >
      {rows.map((row, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: one incident may be held by one thing at several sinks
        <Tr key={`${row.incidentId} ${row.kind} ${index}`} href={`/incidents/${row.incidentId}`}>
          <Td>
            <SeverityBadge severity={row.severity} />
          </Td>
          <Td className="w-1/3">
            <Link href={`/incidents/${row.incidentId}`} className="break-words hover:underline">
              <span className="mr-2 font-mono text-xs whitespace-nowrap text-ink-2">#{row.number}</span>
              <span className="mr-2 font-medium">{row.subject}</span>
              <span className="text-ink-2">{row.reason}</span>
            </Link>
            {row.drill && (
              <span className="ml-2 rounded border border-dashed border-drill px-1 text-2xs text-drill">Drill</span>
            )}
          </Td>
          <Td className="break-words">
            {row.stormId !== null ? (
              <Link href={`/incidents/${row.stormId}`} className="underline underline-offset-2">
                {row.by}
              </Link>
            ) : (
              row.by || labels[row.kind]
            )}
          </Td>
          <Td wide className="break-words text-ink-2">
            {row.would.length === 0 ? "Nobody" : row.would.join(", ")}
          </Td>
          <Td className="text-ink-2">
            <Became row={row} />
          </Td>
          <Td className="text-right whitespace-nowrap">
            <Moment at={row.at} />
          </Td>
        </Tr>
      ))}
    </Table>
  );
}

function Became({ row: { kind, until, toldAt, state, digest } }: { row: HeldRow }) {
  const told =
    digest === null ? null : digest.quiet ? (
      " No sink could be told quietly."
    ) : (
      <>
        {" "}
        In a digest <Moment at={digest.at} />.
      </>
    );
  if (kind === "withheld") return "Not sent";
  if (until !== null)
    return (
      <>
        Held until <Moment at={until} /> at the latest.{told}
      </>
    );
  if (toldAt !== null)
    return (
      <>
        Told <Moment at={toldAt} />.{told}
      </>
    );
  const over = {
    open: "Not held any more.",
    acknowledged: "Somebody has it in hand.",
    resolved: "Over before anybody was told.",
  };
  return (
    <>
      {over[state]}
      {told}
    </>
  );
}
