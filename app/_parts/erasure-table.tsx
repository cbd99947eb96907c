import Link from "next/link";
import { SUBJECT_KINDS } from "#lib/domain/erasure";
import type { ErasureRow } from "#lib/queries/erasures";
import { Moment } from "../_ui/moment.tsx";
import { Table, Td, Th, Tr } from "../_ui/table.tsx";

const STATES: Record<string, string> = { received: "Received" };
export const stateWord = (state: string) => STATES[state] ?? state;
export const kindWord = (kind: string) => (SUBJECT_KINDS as Record<string, string>)[kind] ?? kind;

/** A day without its hour, as the law counts it. */
export const day = (at: number) =>
  new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" }).format(at);

/** @param open each row leads to the request's own page: the staff's, where it is worked off */
export function ErasureTable({ rows, open = false }: { rows: ErasureRow[]; open?: boolean }) {
  return (
    <Table
      label="Requests for erasure"
      head={
        <>
          <Th>Request</Th>
          <Th>State</Th>
          <Th wide>Filed by</Th>
          <Th wide>Identifiers</Th>
          <Th>Due by</Th>
          <Th wide className="text-right">
            Received
          </Th>
        </>
      }
    >
      {rows.map((row) => (
        <Tr key={row.id} {...(open ? { href: `/erasure/${row.id}` } : {})}>
          <Td className="w-full max-w-0 min-w-28">
            {open ? (
              <Link
                href={`/erasure/${row.id}`}
                className="line-clamp-3 break-words hover:underline md:block md:truncate"
              >
                <span className="mr-2 font-mono text-xs text-ink-2">#{row.number}</span>
                {kindWord(row.subjectKind)}
              </Link>
            ) : (
              <span className="line-clamp-3 break-words md:block md:truncate">
                <span className="mr-2 font-mono text-xs text-ink-2">#{row.number}</span>
                {kindWord(row.subjectKind)}
              </span>
            )}
          </Td>
          <Td>{stateWord(row.state)}</Td>
          <Td wide className="whitespace-nowrap text-ink-2">
            {row.filedBy}
          </Td>
          <Td wide className="text-ink-2">
            {row.identifiers}
          </Td>
          <Td className="whitespace-nowrap">{day(row.dueAt)}</Td>
          <Td wide className="text-right text-ink-2">
            <Moment at={row.receivedAt} />
          </Td>
        </Tr>
      ))}
    </Table>
  );
}
