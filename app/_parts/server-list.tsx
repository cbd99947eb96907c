import type { Status } from "#lib/domain/reason";
import type { ServerRow } from "#lib/queries/servers";
import { matches, pageOf, param, type SearchParams } from "../_server/query.ts";
import { ButtonLink } from "../_ui/button.tsx";
import { Empty } from "../_ui/empty.tsx";
import { Filters } from "../_ui/filters.tsx";
import { PageHead } from "../_ui/page-head.tsx";
import { Pager } from "../_ui/pager.tsx";
import { STATUS_WORD } from "../_ui/status-mark.tsx";
import { ServerTable } from "./server-table.tsx";

const PER_PAGE = 100;
const WORST_FIRST: Status[] = ["down", "degraded", "unknown", "up"];

/** Every server of the tenant, worst first; filtered and cut as the address says. */
export async function ServerList({
  all,
  searchParams,
  mayRegister,
  base = "",
}: {
  all: Omit<ServerRow, "reasonName">[];
  searchParams: SearchParams;
  mayRegister: boolean;
  base?: "" | "/portal";
}) {
  const q = await param(searchParams, "q");
  const state = await param(searchParams, "state");
  const rows = all
    .filter((row) => (state === "" || row.status === state) && matches(q, row.name, row.shownUrl, row.reason))
    .sort((a, b) => WORST_FIRST.indexOf(a.status) - WORST_FIRST.indexOf(b.status) || a.name.localeCompare(b.name));
  const page = await pageOf(searchParams, PER_PAGE, rows.length);
  return (
    <>
      <PageHead title="Servers">
        {mayRegister && (
          <ButtonLink href={`${base}/servers/new`} look="primary">
            Register a server
          </ButtonLink>
        )}
      </PageHead>
      {all.length === 0 ? (
        <Empty
          title="No server is watched yet"
          {...(mayRegister
            ? {
                action: (
                  <ButtonLink href={`${base}/servers/new`} look="primary">
                    Register a server
                  </ButtonLink>
                ),
              }
            : {})}
        >
          {mayRegister
            ? "Paste the address of an MCP server: the first check runs at once, and you see each of its steps."
            : "An operator or customer of this tenant can register one; it then appears here."}
        </Empty>
      ) : (
        <>
          <Filters
            name="state"
            searchLabel="Search servers"
            choices={WORST_FIRST.map((value) => ({
              value,
              label: STATUS_WORD[value],
              count: all.filter((r) => r.status === value).length,
            }))}
          />
          {rows.length === 0 ? (
            <Empty title="No server matches">Clear the search or choose another state.</Empty>
          ) : (
            <ServerTable rows={rows.slice((page - 1) * PER_PAGE, page * PER_PAGE)} label="Servers" base={base} />
          )}
          <Pager page={page} per={PER_PAGE} total={rows.length} path={`${base}/servers`} keep={{ q, state }} />
        </>
      )}
    </>
  );
}
