import Link from "next/link";
import type { IncidentRow } from "#lib/queries/incidents";
import { Lasted, Moment } from "../_ui/moment.tsx";
import { SeverityBadge } from "../_ui/severity-badge.tsx";
import { StatusMark } from "../_ui/status-mark.tsx";
import { Table, Td, Th, Tr } from "../_ui/table.tsx";
import { IncidentState } from "./incident-state.tsx";

/** `live`: none of the rows is over, so who has it says more than how long it lasted. */
export function IncidentTable({
  rows,
  label,
  withSubject = true,
  live = false,
  select = false,
  base = "",
}: {
  rows: IncidentRow[];
  label: string;
  withSubject?: boolean;
  live?: boolean;
  /** Open ones can be chosen, as `incidentIds` of the form around the table. */
  select?: boolean;
  base?: "" | "/portal";
}) {
  return (
    <Table
      label={label}
      tall
      head={
        <>
          {select && (
            <Th>
              <span className="sr-only">Select</span>
            </Th>
          )}
          <Th>Severity</Th>
          <Th>Incident</Th>
          <Th wide>Seen as</Th>
          <Th wide={live}>State</Th>
          {live ? (
            <Th wide>Who has it</Th>
          ) : (
            <Th wide className="text-right">
              Lasted
            </Th>
          )}
          <Th className="text-right">Since</Th>
        </>
      }
    >
      {rows.map((row) => (
        <Tr key={row.id} href={`${base}/incidents/${row.id}`}>
          {select && (
            <Td>
              {row.state === "open" && (
                <input
                  type="checkbox"
                  name="incidentIds"
                  value={row.id}
                  aria-label={`Select #${row.number}`}
                  className="size-4 accent-(--ink)"
                />
              )}
            </Td>
          )}
          <Td>
            <SeverityBadge severity={row.severity} />
          </Td>
          <Td className="w-full max-w-0">
            <Link
              href={`${base}/incidents/${row.id}`}
              className="line-clamp-3 break-words hover:underline md:block md:truncate"
              title={row.evidence}
            >
              <span className="mr-2 font-mono text-xs whitespace-nowrap text-ink-2">#{row.number}</span>
              {withSubject && <span className="mr-2 font-medium break-words">{row.subject}</span>}
              <span className="block text-ink-2 md:inline">{row.reason}</span>
            </Link>
          </Td>
          <Td wide>
            <StatusMark status={row.status} drill={row.drill} />
          </Td>
          <Td wide={live}>
            <IncidentState state={row.state} silenced={row.silenced && row.state !== "resolved"} />
          </Td>
          {live ? (
            <Td wide className="whitespace-nowrap text-ink-2">
              {row.acknowledgedBy ?? "nobody yet"}
            </Td>
          ) : (
            <Td wide className="text-right text-ink-2">
              <Lasted from={row.startedAt} to={row.resolvedAt} />
            </Td>
          )}
          <Td className="text-right text-ink-2">
            <Moment at={row.startedAt} />
          </Td>
        </Tr>
      ))}
    </Table>
  );
}
