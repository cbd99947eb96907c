import type { Metadata } from "next";
import { erasureCount } from "#lib/queries/erasures";
import { portalErasures } from "#lib/queries/portal/erasures";
import { ErasureTable } from "../../../_parts/erasure-table.tsx";
import { pageOf, type SearchParams } from "../../../_server/query.ts";
import { read } from "../../../_server/read.ts";
import { can } from "../../../_server/session.ts";
import { ButtonLink } from "../../../_ui/button.tsx";
import { Empty } from "../../../_ui/empty.tsx";
import { PageHead } from "../../../_ui/page-head.tsx";
import { Pager } from "../../../_ui/pager.tsx";
import { enter } from "../../_parts/enter.ts";

export const metadata: Metadata = { title: "Requests for erasure" };
const PER_PAGE = 50;

export default async function PortalRequestsPage({ searchParams }: { searchParams: SearchParams }) {
  const who = await enter("/portal/requests");
  const { rows, total, page } = await read(who, async (tx) => {
    const total = await erasureCount(tx);
    const page = await pageOf(searchParams, PER_PAGE, total);
    return { total, page, rows: await portalErasures(tx, { skip: (page - 1) * PER_PAGE, take: PER_PAGE }) };
  });
  const add = can(who, "erasure.file") ? (
    <ButtonLink href="/portal/requests/new" look="primary">
      File a request
    </ButtonLink>
  ) : null;
  return (
    <>
      <PageHead
        title="Requests for erasure"
        lead="Under Article 17 of the General Data Protection Regulation. The law counts one month from the moment of receipt."
      >
        {total > 0 && add}
      </PageHead>
      {total === 0 ? (
        <Empty title="No request was filed" {...(add === null ? {} : { action: add })}>
          When a person asks for their data to be erased, file it here: it is received at once, and this list is the
          receipt.
        </Empty>
      ) : (
        <>
          <ErasureTable rows={rows} />
          <Pager page={page} per={PER_PAGE} total={total} path="/portal/requests" keep={{}} />
        </>
      )}
    </>
  );
}
