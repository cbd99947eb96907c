// What the verbs of an approval share: the row, its end, and the log's words for it.
import { audit } from "#lib/adapters/audit";
import { inTenant, type TenantContext, type Tx } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import { type Actor, contextOf } from "#lib/commands/command";
import type { DiffLine } from "#lib/domain/approval";
import { TocsinError } from "#lib/domain/error";
import type { Dual } from "./dual.ts";

export interface ApprovalRow {
  tenantId: string;
  id: string;
  action: string;
  target: string;
  askedBy: string;
}

/** The command line is no person; it holds the installation's own settings, and asks like everybody else. */
export const SHELL_ACTOR = "00000000-0000-4000-8000-0000000000a3";

const ENDED: Record<string, string> = {
  executed: "This was approved and done already.",
  refused: "This was refused already.",
  withdrawn: "Whoever asked for this has withdrawn it.",
  failed: "This was approved and could not be done: see why, and ask again.",
};

/** Somebody else ended it in between: their word stands, and this one changes nothing. */
export class Faster extends TocsinError {
  constructor(state = "") {
    super("E_STATE", ENDED[state] ?? "Somebody else was faster: this is decided already. Look at it again.");
  }
}

/** What it would do now, read where it would do it. */
export function foreseen(
  tx: Tx,
  dual: Dual,
  home: TenantContext,
  actor: Actor,
  input: unknown,
): Promise<{ sentence: string; diff: DiffLine[] }> {
  return inTenant(tx, home, contextOf(dual.command, actor, input, undefined), async () => ({
    sentence: await dual.sentence(input, tx),
    diff: await dual.diff(tx, input),
  }));
}

/**
 * Ends what is still asked; nobody ends it twice.
 * @throws Faster when somebody else was
 */
export async function end(
  tx: Tx,
  row: Pick<ApprovalRow, "tenantId" | "id">,
  as: "executed" | "refused" | "expired" | "withdrawn" | "failed",
  by: { personId: string; sessionId?: string } | null,
  decision: string | null,
  now: Date,
): Promise<void> {
  const { count } = await tx.approval.updateMany({
    where: { tenantId: row.tenantId, id: row.id, state: "asked" },
    data: {
      state: as,
      decidedBy: by?.personId ?? null,
      decidedSession: by?.sessionId ?? null,
      decidedAt: now,
      decision,
    },
  });
  if (count === 0) throw new Faster();
  await liveHint(tx, { tenant: row.tenantId, what: "approval", id: row.id });
}

/** One row of the log about an approval, in the log of the tenant where it was asked. */
export function note(
  tx: Tx,
  context: TenantContext,
  row: ApprovalRow,
  verb: "ask" | "approve" | "refuse" | "waived" | "withdraw" | "expire" | "fail" | "refused_decision",
  more: Record<string, unknown> = {},
): Promise<string> {
  return audit(tx, context, {
    action: `approval.${verb}`,
    target: `approval:${row.id}`,
    body: { action: row.action, target: row.target, askedBy: row.askedBy, ...more },
  });
}
