import type { ReactNode } from "react";
import type { IncidentFilter, IncidentRow } from "#lib/queries/incidents";
import { pageOf, param, type SearchParams } from "../_server/query.ts";
import { Empty } from "../_ui/empty.tsx";
import { Filters } from "../_ui/filters.tsx";
import { PageHead } from "../_ui/page-head.tsx";
import { Pager } from "../_ui/pager.tsx";
import { IncidentTable } from "./incident-table.tsx";

const STATES = { open: "Open", acknowledged: "Acknowledged", resolved: "Resolved" } as const;
type State = keyof typeof STATES;
type Counts = Record<State, number>;
const PER_PAGE = 100;
const sum = (counts: Counts) => counts.open + counts.acknowledged + counts.resolved;

export interface IncidentPage {
  all: number;
  counts: Counts;
  total: number;
  page: number;
  rows: IncidentRow[];
  q: string;
  state: string;
}

/** What the address asks for. @param ask the two questions, of one tenant and one surface */
export async function incidentPage(
  searchParams: SearchParams,
  ask: {
    counts(filter?: { q: string }): Promise<Counts>;
    rows(filter: IncidentFilter & { skip: number; take: number }): Promise<IncidentRow[]>;
  },
): Promise<IncidentPage> {
  const q = await param(searchParams, "q");
  const given = await param(searchParams, "state");
  const state = Object.hasOwn(STATES, given) ? (given as State) : null;
  const counts = await ask.counts({ q });
  const total = state === null ? sum(counts) : counts[state];
  const page = await pageOf(searchParams, PER_PAGE, total);
  return {
    all: q === "" ? sum(counts) : sum(await ask.counts()),
    counts,
    total,
    page,
    rows: await ask.rows({
      q,
      ...(state === null ? {} : { states: [state] }),
      skip: (page - 1) * PER_PAGE,
      take: PER_PAGE,
    }),
    q,
    state: given,
  };
}

/** @param empty what is said, and where to go, while there was none at all */
export function IncidentList({
  shown: { all, counts, total, page, rows, q, state },
  empty,
  base = "",
  around,
}: {
  shown: IncidentPage;
  /** What stands around the table, where its open rows can be chosen. */
  around?: (table: ReactNode) => ReactNode;
  empty: { sentence: string; action: ReactNode };
  base?: "" | "/portal";
}) {
  return (
    <>
      <PageHead title="Incidents" />
      {all === 0 ? (
        <Empty title="There has been no incident" action={empty.action}>
          {empty.sentence}
        </Empty>
      ) : (
        <>
          <Filters
            name="state"
            searchLabel="Search incidents"
            choices={(Object.keys(STATES) as State[]).map((value) => ({
              value,
              label: STATES[value],
              count: counts[value],
            }))}
          />
          {rows.length === 0 ? (
            <Empty title="No incident matches">Clear the search or choose another state.</Empty>
          ) : (
            (around ?? ((table) => table))(
              <IncidentTable rows={rows} label="Incidents" base={base} select={around !== undefined} />,
            )
          )}
          <Pager page={page} per={PER_PAGE} total={total} path={`${base}/incidents`} keep={{ q, state }} />
        </>
      )}
    </>
  );
}
