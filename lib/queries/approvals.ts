// What waits for a second person, what one asked for oneself, and what was decided, in the tenant that is looked at.
import { z } from "zod";
import type { Tx } from "#lib/adapters/db";
import { type ApprovalState, type DiffLine, diffLineSchema, mayDecide, stateAt } from "#lib/domain/approval";
import type { Layer } from "#lib/domain/permissions";
import { peopleNames } from "./incidents.ts";

export interface ApprovalView {
  id: string;
  sentence: string;
  diff: DiffLine[];
  reason: string;
  state: ApprovalState;
  /** Done at once because nobody else could decide. */
  waived: boolean;
  askedBy: string;
  askedAt: number;
  expiresAt: number;
  decidedBy: string | null;
  decidedAt: number | null;
  /** Why it was approved or refused, or could not be done. */
  decision: string | null;
}

export interface Approvals {
  /** Asked by others, for this person to decide. */
  forMe: ApprovalView[];
  mine: ApprovalView[];
  /** Asked by others, for others to decide. */
  others: ApprovalView[];
  decided: ApprovalView[];
}

interface Looker {
  personId: string;
  layers: readonly Layer[];
}

const DECIDED = 50;

export async function approvals(tx: Tx, me: Looker, now: Date): Promise<Approvals> {
  const open = await tx.approval.findMany({ where: { state: "asked" }, orderBy: { askedAt: "asc" }, take: 200 });
  const ended = await tx.approval.findMany({
    where: { state: { not: "asked" } },
    orderBy: { decidedAt: "desc" },
    take: DECIDED,
  });
  const rows = [...open, ...ended];
  const names = await peopleNames(
    tx,
    rows.flatMap((r) => [r.askedBy, r.decidedBy]),
  );
  // The command line is no person; somebody may be known no longer.
  const named = (id: string | null) => (id === null ? null : (names.get(id) ?? "the command line"));
  const all = rows.map((row) => ({
    row,
    view: {
      id: row.id,
      sentence: row.sentence,
      diff: z.array(diffLineSchema).catch([]).parse(row.diff),
      reason: row.reason,
      state: stateAt(row, now),
      waived: row.waived,
      askedBy: named(row.askedBy) ?? "",
      askedAt: row.askedAt.getTime(),
      expiresAt: row.expiresAt.getTime(),
      decidedBy: named(row.decidedBy),
      decidedAt: row.decidedAt?.getTime() ?? null,
      decision: row.decision,
    },
  }));
  const asked = all.filter((a) => a.view.state === "asked");
  const own = asked.filter((a) => a.row.askedBy === me.personId);
  const foreign = asked.filter((a) => a.row.askedBy !== me.personId);
  const forMe = foreign.filter((a) => mayDecide(me.layers, a.row.action));
  const views = (list: typeof all) => list.map((a) => a.view);
  return {
    forMe: views(forMe),
    mine: views(own),
    others: views(foreign.filter((a) => !forMe.includes(a))),
    decided: views(all.filter((a) => a.view.state !== "asked")),
  };
}

/** How many wait for this person: for the mark beside the page's name. */
export async function waitingFor(tx: Tx, me: Looker, now: Date): Promise<number> {
  const rows = await tx.approval.findMany({
    where: { state: "asked", expiresAt: { gt: now }, askedBy: { not: me.personId } },
    select: { action: true },
  });
  return rows.filter((row) => mayDecide(me.layers, row.action)).length;
}
