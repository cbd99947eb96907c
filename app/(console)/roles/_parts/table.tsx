import { LAYERS, type Rule } from "#lib/domain/permissions";
import { asks, roleTable } from "#lib/domain/role-table";
import { Table, Td, Th, Tr } from "../../../_ui/table.tsx";

const WORDS: Record<string, string> = { root: "Root", operator: "Operator", auditor: "Auditor", customer: "Customer" };

/** Every action with who may do it and what it asks of them, as the code has it. */
export function PermissionTable() {
  return (
    <Table
      label="Who may do what"
      tall
      head={
        <>
          <Th>Action</Th>
          {LAYERS.map((layer) => (
            <Th key={layer} className="text-center">
              {WORDS[layer]}
            </Th>
          ))}
          <Th wide>Asks for</Th>
        </>
      }
    >
      {Object.entries(roleTable()).map(([action, rule]) => (
        <Tr key={action}>
          <Td className="min-w-48">
            <span className="block">{rule.sentence}</span>
            <span className="block font-mono text-xs text-ink-3">{action}</span>
          </Td>
          {LAYERS.map((layer) => (
            <Td key={layer} className="text-center">
              <Mark rule={rule} may={rule.layers.includes(layer)} />
            </Td>
          ))}
          <Td wide className="text-xs text-ink-2">
            {asks(rule).join(", ")}
          </Td>
        </Tr>
      ))}
    </Table>
  );
}

function Mark({ rule, may }: { rule: Rule; may: boolean }) {
  if (!may) return <span className="text-ink-3">no</span>;
  return <span className="font-medium">{rule.writes ? "does" : "sees"}</span>;
}
