// A person's own bookmarks into the log. An own act (lib/domain/own-acts.ts): no permission and no row in the log,
// because nobody else sees it; an auditor may too. Never while looking into a tenant as somebody else.
import { randomUUID } from "node:crypto";
import type { Db } from "#lib/adapters/db";
import { BUILT_IN_VIEWS, filterQuery, queryAgain } from "#lib/domain/audit-filter";
import { TocsinError } from "#lib/domain/error";
import { cleanText } from "#lib/domain/text";
import type { Viewer } from "#lib/queries/session";

const MOST = 30;

export type Owner = Pick<Viewer, "personId"> & { acting: object | null };

export function refuseVisitor(viewer: Pick<Owner, "acting">): void {
  if (viewer.acting !== null)
    throw new TocsinError("E_IMPERSONATION_BLOCKED", "This is never done as somebody else: end the visit first.");
}

/** Under a name that is there already, the newer query takes the older one's place. */
export async function saveView(
  db: Db,
  viewer: Owner,
  given: { name: string; query: string },
  now: Date,
): Promise<string> {
  refuseVisitor(viewer);
  const name = cleanText(given.name, 60);
  if (name === "") throw new TocsinError("E_INVALID", "Give the view a name.", { field: "name" });
  if (BUILT_IN_VIEWS.some((v) => v.name.toLowerCase() === name.toLowerCase()))
    throw new TocsinError("E_CONFLICT", "A view that is built in has this name: choose another.", { field: "name" });
  const query = filterQuery(queryAgain(given.query.slice(0, 2_000)));
  if (query === "")
    throw new TocsinError("E_INVALID", "Filter the log first: this would keep all of it.", { field: "name" });
  await db.global(async (tx) => {
    // One at a time per person, so that the count holds.
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('saved_view ' || ${viewer.personId}, 0))`;
    await tx.savedView.deleteMany({ where: { personId: viewer.personId, name } });
    if ((await tx.savedView.count({ where: { personId: viewer.personId } })) >= MOST)
      throw new TocsinError("E_LIMIT", `You have ${MOST} views: remove one first.`);
    await tx.savedView.create({ data: { id: randomUUID(), personId: viewer.personId, name, query, createdAt: now } });
  });
  return name;
}
