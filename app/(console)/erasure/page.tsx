import type { Metadata } from "next";
import { erasureCount, erasures } from "#lib/queries/erasures";
import { ErasureTable } from "../../_parts/erasure-table.tsx";
import { pageOf, type SearchParams } from "../../_server/query.ts";
import { read } from "../../_server/read.ts";
import { allowed, can } from "../../_server/session.ts";
import { ButtonLink } from "../../_ui/button.tsx";
import { Empty } from "../../_ui/empty.tsx";
import { PageHead } from "../../_ui/page-head.tsx";
import { Pager } from "../../_ui/pager.tsx";

export const metadata: Metadata = { title: "Requests for erasure" };
const PER_PAGE = 50;

export default async function ErasurePage({ searchParams }: { searchParams: SearchParams }) {
  const who = await allowed("erasure.read", "/portal/requests");
  const { rows, total, page } = await read(who, async (tx) => {
    const total = await erasureCount(tx);
    const page = await pageOf(searchParams, PER_PAGE, total);
    return { total, page, rows: await erasures(tx, { skip: (page - 1) * PER_PAGE, take: PER_PAGE }) };
  });
  const add = can(who, "erasure.file") ? (
    <ButtonLink href="/erasure/new" look="primary">
      File a request
    </ButtonLink>
  ) : null;
  return (
    <>
      <PageHead
        title="Requests for erasure"
        lead="Filed by customers in their portal, or here on their behalf. The law counts one month from receipt."
      >
        {total > 0 && add}
      </PageHead>
      {total === 0 ? (
        <Empty title="No request was filed" {...(add === null ? {} : { action: add })}>
          Customers of this tenant file under Article 17 in their portal; what they file stands here at once.
        </Empty>
      ) : (
        <>
          <ErasureTable rows={rows} open={can(who, "erasure.open")} />
          <Pager page={page} per={PER_PAGE} total={total} path="/erasure" keep={{}} />
        </>
      )}
    </>
  );
}
