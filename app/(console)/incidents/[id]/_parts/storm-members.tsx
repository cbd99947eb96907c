import Link from "next/link";
import type { StormOf } from "#lib/queries/storm";
import { IncidentState } from "../../../../_parts/incident-state.tsx";
import { Moment } from "../../../../_ui/moment.tsx";
import { Section } from "../../../../_ui/page-head.tsx";
import { SeverityBadge } from "../../../../_ui/severity-badge.tsx";
import { Table, Td, Th, Tr } from "../../../../_ui/table.tsx";

/** Of a storm: who belongs to it. Of a member: which storm it belongs to. Of any other incident: nothing. */
export function StormMembers({ of: { total, members, storms } }: { of: StormOf }) {
  return (
    <>
      {storms.length > 0 && (
        <p className="mb-6 text-sm text-ink-2">
          Has one cause with others, and belongs to{" "}
          {storms.map((storm, index) => (
            <span key={storm.id}>
              {index > 0 && ", "}
              <Link href={`/incidents/${storm.id}`} className="underline underline-offset-2">
                storm #{storm.number} {storm.subject}
              </Link>
              {storm.state === "resolved" && " (over)"}
            </span>
          ))}
          .
        </p>
      )}
      {members.length > 0 && (
        <Section title="Members" aside={total > members.length ? `${members.length} of ${total}` : `${total}`}>
          <Table
            label="Members of the storm"
            head={
              <>
                <Th>Severity</Th>
                <Th>Incident</Th>
                <Th>State</Th>
                <Th wide>Told by itself</Th>
                <Th className="text-right">Opened</Th>
              </>
            }
          >
            {members.map((m) => (
              <Tr key={m.id} href={`/incidents/${m.id}`}>
                <Td>
                  <SeverityBadge severity={m.severity} />
                </Td>
                <Td className="w-full">
                  <Link href={`/incidents/${m.id}`} className="break-words hover:underline">
                    <span className="mr-2 font-mono text-xs text-ink-2">#{m.number}</span>
                    <span className="mr-2 font-medium">{m.subject}</span>
                    <span className="text-ink-2">{m.reason}</span>
                  </Link>
                </Td>
                <Td>
                  <IncidentState state={m.state} />
                </Td>
                <Td wide className="text-ink-2">
                  {m.told ? "Yes" : "No"}
                </Td>
                <Td className="text-right whitespace-nowrap">
                  <Moment at={m.openedAt} />
                </Td>
              </Tr>
            ))}
          </Table>
        </Section>
      )}
    </>
  );
}
