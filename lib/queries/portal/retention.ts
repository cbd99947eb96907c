// How long history is kept, and what was asked for about it: the one thing that takes two people of a customer's own.
import type { Tx } from "#lib/adapters/db";
import { diffLineSchema, stateAt } from "#lib/domain/approval";
import { show } from "#lib/domain/fields";
import { peopleNames } from "../incidents.ts";
import { retention } from "../retention.ts";

export async function portalRetention(tx: Tx) {
  return show("portal", "retention", await retention(tx));
}

/** Asked for in this tenant, newest first. @param viewerId whose own asks are marked */
export async function portalApprovals(tx: Tx, viewerId: string, now: Date) {
  const rows = await tx.approval.findMany({
    where: { action: "retention.cut" },
    orderBy: { askedAt: "desc" },
    take: 20,
  });
  const names = await peopleNames(
    tx,
    rows.flatMap((row) => [row.askedBy, row.decidedBy]),
  );
  return rows.map((row) =>
    show("portal", "approval", {
      id: row.id,
      action: row.action,
      sentence: row.sentence,
      diff: diffLineSchema.array().catch([]).parse(row.diff),
      reason: row.reason,
      askedBy: names.get(row.askedBy) ?? "somebody",
      askedAt: row.askedAt.getTime(),
      expiresAt: row.expiresAt.getTime(),
      state: stateAt(row, now),
      waived: row.waived,
      decidedBy: row.decidedBy === null ? null : (names.get(row.decidedBy) ?? "somebody"),
      decidedAt: row.decidedAt?.getTime() ?? null,
      decision: row.decision,
      mine: row.askedBy === viewerId,
    }),
  );
}
export type PortalApproval = Awaited<ReturnType<typeof portalApprovals>>[number];
