import type { Metadata } from "next";
import { type AuditFilter, auditChoices, auditRows, sealState } from "#lib/queries/audit";
import { param, type SearchParams } from "../../_server/query.ts";
import { read } from "../../_server/read.ts";
import { allowed } from "../../_server/session.ts";
import { Button, ButtonLink } from "../../_ui/button.tsx";
import { Empty } from "../../_ui/empty.tsx";
import { Moment } from "../../_ui/moment.tsx";
import { PageHead, Panel } from "../../_ui/page-head.tsx";
import { Table, Td, Th, Tr } from "../../_ui/table.tsx";
import { FilterForm } from "./_parts/filter-form.tsx";
import { RowBody } from "./_parts/row-body.tsx";
import { SealLine } from "./_parts/seal-line.tsx";
import { Verify } from "./_parts/verify.tsx";
import { dayEnd, dayStart } from "./_parts/words.ts";

export const metadata: Metadata = { title: "Audit log" };

const NAMES = ["action", "actor", "from", "to", "q"] as const;

export default async function AuditPage({ searchParams }: { searchParams: SearchParams }) {
  const who = await allowed("audit.read");
  const [action, actor, from, to, text, before] = await Promise.all(
    [...NAMES, "before"].map((name) => param(searchParams, name)),
  ).then((values) => values as [string, string, string, string, string, string]);
  const filter: AuditFilter = { action, actor, text, from: dayStart(from), to: dayEnd(to), before: before || null };
  const { page, choices, seal } = await read(who, async (tx) => ({
    page: await auditRows(tx, filter),
    choices: await auditChoices(tx),
    seal: await sealState(tx),
  }));
  const chosen = { action, actor, from, to, q: text };
  const address = (more: Record<string, string>) => {
    const given = Object.entries({ ...chosen, ...more }).filter(([, value]) => value !== "");
    return given.length === 0 ? "/audit" : `/audit?${new URLSearchParams(given)}`;
  };
  const filtered = Object.values(chosen).some((value) => value !== "");
  const oldest = page.rows.at(-1);
  return (
    <>
      <PageHead
        title="Audit log"
        lead="Every change in this tenant, written in the same transaction as the change itself. Rows cannot be edited or deleted."
      >
        <form method="post" action="/audit/export">
          <Button type="submit">Export</Button>
        </form>
      </PageHead>
      <Panel className="mb-5 flex flex-wrap items-start justify-between gap-4">
        <SealLine seal={seal} />
        <Verify />
      </Panel>
      <FilterForm chosen={chosen} choices={choices} filtered={filtered} />
      {page.rows.length === 0 ? (
        filtered || before !== "" ? (
          <Empty title="No row matches">Clear the filters or choose another time.</Empty>
        ) : (
          <Empty title="Nothing was changed in this tenant yet">The first change by anybody is the first row.</Empty>
        )
      ) : (
        <Table
          label="Audit log"
          tall
          head={
            <>
              <Th wide>#</Th>
              <Th>When</Th>
              <Th>Who</Th>
              <Th>What</Th>
              <Th wide>Of what</Th>
              <Th wide>Changed</Th>
            </>
          }
        >
          {page.rows.map((row) => (
            <Tr key={row.id}>
              <Td wide className="tabular text-xs text-ink-3">
                {row.seq}
              </Td>
              <Td className="text-ink-2">
                <Moment at={row.at} />
              </Td>
              <Td className="max-w-40 truncate" title={row.actor}>
                {row.who}
              </Td>
              <Td className="font-mono text-xs">{row.action}</Td>
              <Td wide className="max-w-48 truncate font-mono text-xs text-ink-2" title={row.target}>
                {row.target}
              </Td>
              <Td wide>
                <RowBody body={row.body} />
              </Td>
            </Tr>
          ))}
        </Table>
      )}
      <nav aria-label="Pages of the log" className="mt-3 flex gap-2">
        {before !== "" && <ButtonLink href={address({})}>Newest</ButtonLink>}
        {page.more && oldest && <ButtonLink href={address({ before: oldest.cursor })}>Older</ButtonLink>}
      </nav>
    </>
  );
}
