// The directory's own people and groups, as it asks for them: by equalities, a page at a time.
import type { Tx } from "#lib/adapters/db";

export interface Page {
  /** Counted from 0. */
  skip: number;
  take: number;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** An id that is none of ours matches nothing, and is no fault. */
const idOf = (value: string): string => (UUID.test(value) ? value : "00000000-0000-0000-0000-000000000000");

export async function scimUsers(tx: Tx, equal: ReadonlyMap<string, string | boolean>, { skip, take }: Page) {
  const text = (name: string) => (typeof equal.get(name) === "string" ? String(equal.get(name)) : undefined);
  const [id, externalId, userName, displayName] = ["id", "externalId", "userName", "displayName"].map(text);
  const active = equal.get("active");
  const where = {
    ...(id === undefined ? {} : { id: idOf(id) }),
    ...(externalId === undefined ? {} : { externalId }),
    // Names are told apart without regard to case (RFC 7643, 4.1.1), as the unique key has it.
    ...(userName === undefined ? {} : { userName: { equals: escaped(userName), mode: "insensitive" as const } }),
    ...(displayName === undefined ? {} : { displayName }),
    ...(typeof active === "boolean" ? { active } : {}),
  };
  const total = await tx.scimUser.count({ where });
  return {
    total,
    rows: await tx.scimUser.findMany({ where, skip, take, orderBy: [{ createdAt: "asc" }, { id: "asc" }] }),
  };
}

/** Compared as a pattern: what means something there is taken as it stands. */
const escaped = (text: string): string => text.replace(/[\\%_]/g, "\\$&");

export async function scimGroups(tx: Tx, equal: ReadonlyMap<string, string | boolean>, { skip, take }: Page) {
  const text = (name: string) => (typeof equal.get(name) === "string" ? String(equal.get(name)) : undefined);
  const [id, externalId, displayName] = ["id", "externalId", "displayName"].map(text);
  const where = {
    ...(id === undefined ? {} : { id: idOf(id) }),
    ...(externalId === undefined ? {} : { externalId }),
    ...(displayName === undefined ? {} : { displayName }),
  };
  const total = await tx.scimGroup.count({ where });
  const rows = await tx.scimGroup.findMany({
    where,
    skip,
    take,
    orderBy: [{ createdAt: "asc" }, { id: "asc" }],
    include: { members: { select: { userId: true } } },
  });
  return { total, rows: rows.map(({ members, ...row }) => ({ ...row, members: members.map((m) => m.userId) })) };
}
