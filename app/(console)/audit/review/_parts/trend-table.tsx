import Link from "next/link";
import { EVERYTHING } from "#lib/domain/audit-filter";
import type { Trend } from "#lib/queries/audit-review";
import { Table, Td, Th, Tr } from "../../../../_ui/table.tsx";
import { logAddress } from "../../_parts/address.ts";

/** How much of what there was, the largest change first. */
export function TrendTable({ trend, day }: { trend: Trend[]; day: string }) {
  return (
    <Table
      label="Rows by action"
      head={
        <>
          <Th>Action</Th>
          <Th className="text-right!">That day</Th>
          <Th className="text-right!">Average of 7 days before</Th>
          <Th wide>Change</Th>
        </>
      }
    >
      {trend.map((t) => (
        <Tr key={t.action}>
          <Td className="font-mono text-xs">
            <Link
              href={logAddress({ ...EVERYTHING, action: t.action, from: day, to: day })}
              className="underline underline-offset-2"
            >
              {t.action}
            </Link>
          </Td>
          <Td className="tabular text-right">{t.count}</Td>
          <Td className="tabular text-right text-ink-2">{t.before.toFixed(1)}</Td>
          <Td wide className="text-xs text-ink-2">
            {changeWords(t)}
          </Td>
        </Tr>
      ))}
    </Table>
  );
}

function changeWords({ count, before }: Trend): string {
  if (before === 0) return "new this week";
  if (count === 0) return "none that day";
  const times = count / before;
  if (times >= 2) return `▲ ${times.toFixed(times < 10 ? 1 : 0)} times as many`;
  return times <= 0.5 ? "▼ half or fewer" : "as usual";
}
