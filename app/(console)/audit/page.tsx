import type { Metadata } from "next";
import Link from "next/link";
import { filterQuery, readFilter } from "#lib/domain/audit-filter";
import { may } from "#lib/domain/permissions";
import { type AuditRow, auditChoices, auditRows, sealState } from "#lib/queries/audit";
import { overdueReviews } from "#lib/queries/audit-review";
import { savedViews } from "#lib/queries/saved-views";
import type { SearchParams } from "../../_server/query.ts";
import { read } from "../../_server/read.ts";
import { allowed, can } from "../../_server/session.ts";
import { Button, ButtonLink } from "../../_ui/button.tsx";
import { Empty } from "../../_ui/empty.tsx";
import { Moment } from "../../_ui/moment.tsx";
import { PageHead, Panel } from "../../_ui/page-head.tsx";
import { Table, Td, Th, Tr } from "../../_ui/table.tsx";
import { logAddress } from "./_parts/address.ts";
import { FilterForm } from "./_parts/filter-form.tsx";
import { RowDetail } from "./_parts/row-detail.tsx";
import { SealLine } from "./_parts/seal-line.tsx";
import { Verify } from "./_parts/verify.tsx";
import { Views } from "./_parts/views.tsx";

export const metadata: Metadata = { title: "Audit log" };

export default async function AuditPage({ searchParams }: { searchParams: SearchParams }) {
  const who = await allowed("audit.read");
  const params = await searchParams;
  const get = (name: string): string => {
    const value = Object.hasOwn(params, name) ? params[name] : "";
    return typeof value === "string" ? value.slice(0, 1_000) : "";
  };
  const filter = readFilter(get);
  const before = get("before");
  const readable = who.seats.filter((seat) => may(seat.layers, "audit.read"));
  const asked =
    filter.tenant === ""
      ? [who.seat]
      : readable.filter((seat) => filter.tenant === "all" || seat.slug === filter.tenant);
  const tenants = asked.map((seat) => seat.id);
  const { page, choices, seal, views, overdue } = await read(
    who,
    async (tx, now) => ({
      page: await auditRows(tx, { filter, tenants, before }),
      choices: await auditChoices(tx, tenants),
      seal: await sealState(tx),
      views: await savedViews(tx, who.personId),
      overdue: await overdueReviews(tx, who.seat.id, now),
    }),
    tenants,
  );
  const query = filterQuery(filter);
  const names = new Map(readable.map((seat) => [seat.id, seat.name]));
  const several = filter.tenant !== "";
  const oldest = page.rows.at(-1);
  return (
    <>
      <PageHead
        title="Audit log"
        lead="Every change in this tenant, written in the same transaction as the change itself. Rows cannot be edited or deleted."
      >
        <ButtonLink href="/audit/review">Daily review</ButtonLink>
        {can(who, "audit.export") && <ExportForm />}
      </PageHead>
      {overdue > 0 && (
        <p className="mb-5 rounded-lg border border-degraded bg-degraded-wash px-4 py-3 text-sm">
          {overdue === 1 ? "One day was" : `${overdue} days were`} not reviewed in time.{" "}
          <Link href="/audit/review" className="font-medium underline underline-offset-2">
            Review now
          </Link>
        </p>
      )}
      <Panel className="mb-5 flex flex-wrap items-start justify-between gap-4">
        <SealLine seal={seal} />
        {can(who, "audit.export") && <Verify />}
      </Panel>
      <Views query={query} own={views} />
      <FilterForm filter={filter} choices={choices} tenants={readable.map(({ slug, name }) => ({ slug, name }))} />
      {page.rows.length === 0 ? (
        query !== "" || before !== "" ? (
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
              {several && <Th wide>Tenant</Th>}
              <Th wide>Who</Th>
              <Th>What</Th>
              <Th wide>From</Th>
            </>
          }
        >
          {page.rows.map((row) => (
            <Tr key={`${row.tenantId} ${row.id}`} className="align-top">
              <Td wide className="tabular align-top! text-xs text-ink-3">
                {row.seq}
              </Td>
              <Td className="align-top! text-ink-2">
                <Moment at={row.at} />
              </Td>
              {several && (
                <Td wide className="max-w-32 truncate align-top!">
                  {names.get(row.tenantId) ?? row.tenantId}
                </Td>
              )}
              <Td wide className="max-w-44 align-top! break-words">
                <Who row={row} />
              </Td>
              <Td className="align-top!">
                <span className="md:hidden">
                  <Who row={row} />
                </span>
                <RowDetail row={row} own={row.tenantId === who.seat.id} />
              </Td>
              <Td wide className="align-top! font-mono text-xs text-ink-2">
                {row.personal.state === "erased" ? "erased" : row.personal.from}
              </Td>
            </Tr>
          ))}
        </Table>
      )}
      <nav aria-label="Pages of the log" className="mt-3 flex gap-2">
        {before !== "" && <ButtonLink href={logAddress(filter)}>Newest</ButtonLink>}
        {page.more && oldest && <ButtonLink href={logAddress(filter, { before: oldest.cursor })}>Older</ButtonLink>}
      </nav>
    </>
  );
}

function Who({ row }: { row: AuditRow }) {
  return (
    <>
      {row.who}
      {row.actAs !== null && row.actAs.id !== row.actor && (
        <span className="block text-xs text-drill">as {row.actAs.name}</span>
      )}
    </>
  );
}

/** A form of its own, so that the file streams; what it is for is asked, and kept in the log beside it. */
function ExportForm() {
  return (
    <form method="post" action="/audit/export" className="flex flex-wrap items-center gap-2">
      <input
        name="why"
        maxLength={500}
        aria-label="What the export is for (optional)"
        placeholder="What it is for (optional)"
        className="h-9 w-52 rounded-md border border-line-strong bg-panel px-2.5 text-sm placeholder:text-ink-3"
      />
      <Button type="submit">Export</Button>
    </form>
  );
}
