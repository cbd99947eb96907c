import Link from "next/link";
import type { AlertRow, CallRow, SourceRow } from "#lib/queries/sources";
import { Moment } from "../../../_ui/moment.tsx";
import { SeverityBadge } from "../../../_ui/severity-badge.tsx";
import { StatusMark } from "../../../_ui/status-mark.tsx";
import { Table, Td, Th, Tr } from "../../../_ui/table.tsx";

const KIND = { alertmanager: "Prometheus or Alertmanager", generic: "JSON" } as const;
const OUTCOME: Readonly<Record<string, string>> = {
  "": "waits to be looked at",
  opened: "opened an incident",
  extended: "belongs to an open incident",
  resolved: "its incident is over",
  closed_by_hand: "somebody closed its incident by hand",
  not_opened: "was over before it opened anything",
  failed: "could not be looked at yet and is tried again",
};

export function SourceList({ rows }: { rows: SourceRow[] }) {
  return (
    <Table
      label="Sources"
      head={
        <>
          <Th>State</Th>
          <Th>Source</Th>
          <Th className="text-right">Firing</Th>
          <Th wide className="text-right">
            Accepted
          </Th>
          <Th wide className="text-right">
            Refused
          </Th>
          <Th className="text-right">Last seen</Th>
        </>
      }
    >
      {rows.map((row) => (
        <Tr key={row.id}>
          <Td>
            {row.revokedAt === null ? (
              <StatusMark
                status={row.lastSeenAt === null ? "unknown" : "up"}
                word={row.lastSeenAt === null ? "Not heard of" : "Sends"}
              />
            ) : (
              <StatusMark status="unknown" word="Taken back" />
            )}
          </Td>
          <Td className="w-full max-w-0 min-w-40">
            <span className="block truncate font-medium">{row.name}</span>
            <span className="block truncate text-xs text-ink-2">
              {KIND[row.kind]}, {row.defaultSeverity} by default
              {row.waiting > 0 && `, ${row.waiting} wait to be looked at`}
            </span>
          </Td>
          <Td className="text-right">{row.firing}</Td>
          <Td wide className="text-right">
            {row.accepted}
          </Td>
          <Td wide className="text-right">
            {row.refused}
          </Td>
          <Td className="text-right text-ink-2">
            {row.lastSeenAt === null ? "never" : <Moment at={row.lastSeenAt} />}
          </Td>
        </Tr>
      ))}
    </Table>
  );
}

export function AlertList({ rows }: { rows: AlertRow[] }) {
  return (
    <Table
      label="Alerts"
      head={
        <>
          <Th>State</Th>
          <Th>Alert</Th>
          <Th wide>What became of it</Th>
          <Th className="text-right">Received</Th>
        </>
      }
    >
      {rows.map((row) => (
        <Tr key={row.key}>
          <Td>
            <StatusMark
              status={row.status === "firing" ? "down" : "up"}
              word={row.status === "firing" ? "Fires" : "Over"}
            />
          </Td>
          <Td className="w-full max-w-0 min-w-40">
            <span className="flex min-w-0 items-center gap-2">
              <SeverityBadge severity={row.severity} />
              {row.incidentId === null ? (
                <span className="truncate font-medium">{row.title}</span>
              ) : (
                <Link href={`/incidents/${row.incidentId}`} className="truncate font-medium underline">
                  {row.title}
                </Link>
              )}
            </span>
            <span className="block truncate text-xs text-ink-2">
              {row.source}
              {row.link !== "" && (
                <>
                  {" · "}
                  <a href={row.link} rel="noreferrer noopener" target="_blank" className="underline">
                    where it was seen
                  </a>
                </>
              )}
            </span>
          </Td>
          <Td wide className="text-xs text-ink-2">
            {OUTCOME[row.outcome] ?? row.outcome}
          </Td>
          <Td className="text-right text-ink-2">
            <Moment at={row.receivedAt} />
          </Td>
        </Tr>
      ))}
    </Table>
  );
}

export function CallList({ rows }: { rows: CallRow[] }) {
  return (
    <Table
      label="Refused"
      head={
        <>
          <Th>From</Th>
          <Th>Why</Th>
          <Th className="text-right">When</Th>
        </>
      }
    >
      {rows.map((row) => (
        <Tr key={row.id}>
          <Td className="max-w-48 truncate">{row.from}</Td>
          <Td className="w-full max-w-0 min-w-40 truncate">{row.reason}</Td>
          <Td className="text-right text-ink-2">
            <Moment at={row.at} />
          </Td>
        </Tr>
      ))}
    </Table>
  );
}
