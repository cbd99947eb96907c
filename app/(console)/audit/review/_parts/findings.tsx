import Link from "next/link";
import { EVERYTHING } from "#lib/domain/audit-filter";
import { type Finding, RULES } from "#lib/domain/unusual";
import type { AuditRow } from "#lib/queries/audit";
import { Moment } from "../../../../_ui/moment.tsx";
import { Table, Td, Th, Tr } from "../../../../_ui/table.tsx";
import { logAddress } from "../../_parts/address.ts";
import { RowDetail } from "../../_parts/row-detail.tsx";

/** Why each is unusual stands before what it is. @param me whose own acts are marked as such */
export function Findings({
  findings,
  rows,
  day,
  me,
}: {
  findings: Finding[];
  rows: ReadonlyMap<string, AuditRow>;
  day: string;
  me: string;
}) {
  return (
    <Table
      label="Unusual rows"
      tall
      head={
        <>
          <Th wide>Why it stands here</Th>
          <Th>What</Th>
          <Th wide>When</Th>
        </>
      }
    >
      {findings.map((f) => {
        const row = rows.get(f.act.id);
        if (row === undefined) return null;
        return (
          <Tr key={f.act.id}>
            <Td wide className="w-2/5 align-top!">
              <Why finding={f} mine={f.act.actor === me} />
            </Td>
            <Td className="align-top!">
              <span className="font-medium">{row.who}</span>
              {row.actAs !== null && row.actAs.id !== f.act.actor && (
                <span className="text-drill"> as {row.actAs.name}</span>
              )}
              <RowDetail row={row} own />
              <div className="text-xs text-ink-2 md:hidden">
                <Why finding={f} mine={f.act.actor === me} />
              </div>
              {f.count > 1 && (
                <Link
                  href={logAddress({ ...EVERYTHING, actor: f.act.actor, action: f.act.action, from: day, to: day })}
                  className="inline-block py-1 text-xs underline underline-offset-2"
                >
                  {f.count} times that day
                </Link>
              )}
            </Td>
            <Td wide className="align-top! text-ink-2">
              <Moment at={row.at} />
            </Td>
          </Tr>
        );
      })}
    </Table>
  );
}

function Why({ finding, mine }: { finding: Finding; mine: boolean }) {
  return (
    <>
      <ul className="flex flex-col gap-0.5">
        {finding.why.map((name) => (
          <li key={name}>{RULES[name].sentence}</li>
        ))}
      </ul>
      {mine && <p className="mt-0.5 text-xs text-degraded">▲ Done by you: ask somebody else.</p>}
    </>
  );
}
