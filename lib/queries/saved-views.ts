import type { Tx } from "#lib/adapters/db";
import { filterQuery, queryAgain } from "#lib/domain/audit-filter";

/** A person's own views, by name. Read again through the filter's parser: what is kept never says more than it may. */
export async function savedViews(tx: Tx, personId: string): Promise<{ id: string; name: string; query: string }[]> {
  const rows = await tx.savedView.findMany({ where: { personId }, orderBy: { name: "asc" } });
  return rows.map(({ id, name, query }) => ({ id, name, query: filterQuery(queryAgain(query)) }));
}
