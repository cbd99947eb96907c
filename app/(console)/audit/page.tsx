import type { Metadata } from "next";
import { auditRows } from "#lib/queries/audit";
import { matches, param, type SearchParams } from "../../_server/query.ts";
import { read } from "../../_server/read.ts";
import { allowed } from "../../_server/session.ts";
import { Empty } from "../../_ui/empty.tsx";
import { Filters } from "../../_ui/filters.tsx";
import { Moment } from "../../_ui/moment.tsx";
import { PageHead } from "../../_ui/page-head.tsx";
import { Table, Td, Th, Tr } from "../../_ui/table.tsx";

export const metadata: Metadata = { title: "Audit log" };

export default async function AuditPage({ searchParams }: { searchParams: SearchParams }) {
  const who = await allowed("audit.read");
  const all = await read(who, (tx) => auditRows(tx));
  const q = await param(searchParams, "q");
  const noun = await param(searchParams, "about");
  const nouns = [...new Set(all.map((row) => row.action.split(".")[0] ?? ""))].sort();
  const rows = all.filter(
    (row) =>
      (noun === "" || row.action.startsWith(`${noun}.`)) && matches(q, row.who, row.action, row.target, row.body),
  );
  return (
    <>
      <PageHead
        title="Audit log"
        lead="Every change in this tenant, written in the same transaction as the change itself. Rows cannot be edited or deleted."
      />
      {all.length === 0 ? (
        <Empty title="Nothing was changed in this tenant yet">The first change by anybody is the first row.</Empty>
      ) : (
        <>
          <Filters
            name="about"
            searchLabel="Search the log"
            choices={nouns.map((value) => ({
              value,
              label: value,
              count: all.filter((r) => r.action.startsWith(`${value}.`)).length,
            }))}
          />
          {rows.length === 0 ? (
            <Empty title="No row matches">Clear the search or choose another noun.</Empty>
          ) : (
            <Table
              label="Audit log"
              tall
              head={
                <>
                  <Th>When</Th>
                  <Th>Who</Th>
                  <Th>What</Th>
                  <Th wide>Of what</Th>
                  <Th wide>Changed</Th>
                </>
              }
            >
              {rows.map((row) => (
                <Tr key={row.id}>
                  <Td className="text-ink-2">
                    <Moment at={row.at} />
                  </Td>
                  <Td className="max-w-40 truncate">{row.who}</Td>
                  <Td className="font-mono text-xs">{row.action}</Td>
                  <Td wide className="max-w-48 truncate font-mono text-xs text-ink-2" title={row.target}>
                    {row.target}
                  </Td>
                  <Td wide className="max-w-72 truncate font-mono text-xs text-ink-2" title={row.body}>
                    {row.body === "{}" ? "" : row.body}
                  </Td>
                </Tr>
              ))}
            </Table>
          )}
          {all.length === 300 && <p className="mt-2 text-xs text-ink-2">The newest 300 rows are shown.</p>}
        </>
      )}
    </>
  );
}
