import type { Metadata } from "next";
import { linesOf, THINGS, thing } from "#lib/domain/fields";
import { allowed } from "../../_server/session.ts";
import { PageHead, Section } from "../../_ui/page-head.tsx";
import { Table, Td, Th, Tr } from "../../_ui/table.tsx";

export const metadata: Metadata = { title: "What each side sees" };

/** The table that the portal asks, printed for those who want to know what a customer reads of what they write. */
export default async function FieldsPage() {
  await allowed("incident.read");
  return (
    <>
      <PageHead
        title="What each side sees"
        lead="Staff work in the console, customers in the portal. What the portal shows goes through this table, and nothing that it does not name leaves."
      />
      {THINGS.map((name) => {
        const { sentence, whole } = thing(name);
        const withheld = linesOf(name).filter((line) => !line.portal);
        const shown = linesOf(name).filter((line) => line.portal);
        return (
          <Section key={name} title={sentence}>
            {whole !== undefined ? (
              <p className="text-sm text-ink-2">Staff only. {whole}</p>
            ) : (
              <>
                <p className="mb-2 text-sm text-ink-2">
                  {shown.length === 0 ? (
                    "Customers see none of it."
                  ) : (
                    <>
                      Customers see{" "}
                      {shown.map((line, index) => (
                        <span key={line.field}>
                          {index > 0 && ", "}
                          <code className="font-mono text-ink">{line.field}</code>
                          {line.remark !== "" && ` (${line.remark})`}
                        </span>
                      ))}
                      .
                    </>
                  )}
                </p>
                {withheld.length > 0 && (
                  <Table
                    label={`Withheld: ${sentence}`}
                    head={
                      <>
                        <Th>Withheld from customers</Th>
                        <Th>Console</Th>
                        <Th>Why</Th>
                      </>
                    }
                  >
                    {withheld.map((line) => (
                      <Tr key={line.field}>
                        <Td className="font-mono text-xs whitespace-nowrap">{line.field}</Td>
                        <Td>{line.console ? "shown" : "never"}</Td>
                        <Td className="w-full text-ink-2">{line.remark}</Td>
                      </Tr>
                    ))}
                  </Table>
                )}
              </>
            )}
          </Section>
        );
      })}
    </>
  );
}
