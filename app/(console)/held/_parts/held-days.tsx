import type { HeldCounts } from "#lib/queries/held";
import { Table, Td, Th, Tr } from "../../../_ui/table.tsx";

export function HeldDays({ days }: { days: HeldCounts["days"] }) {
  return (
    <Table
      label="Held back by day"
      head={
        <>
          <Th>Day (UTC)</Th>
          <Th className="text-right">Held incidents</Th>
          <Th className="text-right">Notices not sent</Th>
        </>
      }
    >
      {days.map(({ day, held, withheld }) => (
        <Tr key={day}>
          <Td>{day}</Td>
          <Td className="tabular text-right">{held}</Td>
          <Td className="tabular text-right">{withheld}</Td>
        </Tr>
      ))}
    </Table>
  );
}
