// Requests for erasure as both sides see them: never whom they are about.
import type { Tx } from "#lib/adapters/db";
import { dueOn } from "#lib/domain/erasure";
import { peopleNames } from "./incidents.ts";

const SELECT = {
  id: true,
  number: true,
  subjectKind: true,
  controller: true,
  identifiers: true,
  receivedAt: true,
  filedBy: true,
  state: true,
} as const;

/** Newest first. */
export async function erasures(tx: Tx, of: { id?: string; skip?: number; take: number }) {
  const rows = await tx.erasureRequest.findMany({
    ...(of.id === undefined ? {} : { where: { id: of.id } }),
    select: SELECT,
    orderBy: { number: "desc" },
    skip: of.skip ?? 0,
    take: of.take,
  });
  const names = await peopleNames(
    tx,
    rows.map((row) => row.filedBy),
  );
  return rows.map((row) => ({
    ...row,
    receivedAt: row.receivedAt.getTime(),
    dueAt: dueOn(row.receivedAt).getTime(),
    filedBy: names.get(row.filedBy) ?? "somebody",
  }));
}
export type ErasureRow = Awaited<ReturnType<typeof erasures>>[number];

export const erasureCount = (tx: Tx): Promise<number> => tx.erasureRequest.count();
