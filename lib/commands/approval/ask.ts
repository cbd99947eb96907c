// One person asks; another decides (decide.ts). Where nobody else could decide it is done at once, and said loudly.
import { randomUUID } from "node:crypto";
import { now as clockNow } from "#lib/adapters/clock";
import { type Db, type TenantContext, type Tx, inTenant } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import { type Actor, authorise, carryOut, contextOf, parse, reason, traced, writtenDown } from "#lib/commands/command";
import { APPROVAL_MS, deciders } from "#lib/domain/approval";
import { TocsinError } from "#lib/domain/error";
import { ruleOf } from "#lib/domain/permissions";
import { knownPeople, lockDeciders, makersOf } from "#lib/queries/approvers";
import type { Dual } from "./dual.ts";
import { dualOf, type DualName } from "./registry.ts";
import { end, foreseen, note, SHELL_ACTOR } from "./row.ts";

export type Asked =
  | { state: "asked"; id: string; sentence: string; expiresAt: Date; approvers: string[] }
  | { state: "waived"; id: string; sentence: string; result: unknown };

/**
 * @param actor.tenantId where it is asked, shown and decided: for platform actions the installation's own tenant
 * @throws TocsinError what `execute` throws, E_CONFLICT when the same is asked already, and what the command's own
 * foresight says when it could not be done at all
 */
export async function askFor(db: Db, name: DualName, actor: Actor, raw: unknown, why?: string): Promise<Asked> {
  const dual = dualOf(name);
  if (dual === null) throw new TocsinError("E_INVALID", "There is no such action.");
  const { command } = dual;
  await authorise(db, command.action, actor);
  const input = parse(command, raw);
  const kept = reason(command.action, why) ?? "";
  const home: TenantContext = { ...traced(actor, actor.tenantId, kept), patient: dual.patient === true };
  return writtenDown(db, actor, command.action, () =>
    db.withTenant(home, (tx) => inOrder(tx, { dual, name, actor, raw, input, kept, home })),
  );
}

interface Ask {
  dual: Dual;
  name: DualName;
  actor: Actor;
  raw: unknown;
  input: unknown;
  kept: string;
  home: TenantContext;
}

async function inOrder(tx: Tx, { dual, name, actor, raw, input, kept, home }: Ask): Promise<Asked> {
  // Also the line in which two who ask for the same stand.
  await lockDeciders(tx);
  const now = clockNow();
  const { sentence, diff } = await foreseen(tx, dual, home, actor, input);
  const row = {
    tenantId: actor.tenantId,
    id: randomUUID(),
    action: name as string,
    target: dual.target(input).slice(0, 200),
    askedBy: actor.personId,
  };
  await endOverdue(tx, home, row, now);
  if ((await tx.approval.count({ where: { action: row.action, target: row.target, state: "asked" } })) > 0)
    throw new TocsinError("E_CONFLICT", "This is asked for already: it waits on the page of approvals.");
  const people = await knownPeople(tx, dual.command.action, actor.tenantId);
  const isPerson = actor.personId !== SHELL_ACTOR;
  const makers = await makersOf(tx, actor.personId);
  const { who, waived } = deciders(people, { id: actor.personId, isPerson, makers }, now);
  const expiresAt = new Date(now.getTime() + APPROVAL_MS);
  await tx.approval.create({
    data: {
      ...row,
      sentence: sentence.slice(0, 500),
      input: raw as object,
      diff,
      reason: kept,
      askedSession: actor.sessionId ?? null,
      askedAt: now,
      expiresAt,
      ...(waived ? { state: "executed", waived: true, decidedAt: now } : {}),
    },
  });
  await liveHint(tx, { tenant: row.tenantId, what: "approval", id: row.id });
  if (!waived) {
    await note(tx, home, row, "ask", { expiresAt: expiresAt.toISOString() });
    return { state: "asked", id: row.id, sentence, expiresAt, approvers: who.map((p) => p.name) };
  }
  const there = contextOf(dual.command, actor, input, kept);
  const result = await inTenant(tx, home, there, () =>
    carryOut(tx, dual.command, actor, input, ruleOf(dual.command.action).why ? kept : undefined, {
      approval: row.id,
      approvedBy: null,
      waived: true,
    }),
  );
  await note(tx, home, row, "waived", { because: "nobody else could decide", others: who.length });
  return { state: "waived", id: row.id, sentence, result };
}

/** What was asked for the same before and is too late makes room. */
async function endOverdue(
  tx: Tx,
  home: TenantContext,
  same: { action: string; target: string },
  now: Date,
): Promise<void> {
  const late = await tx.approval.findMany({
    where: { action: same.action, target: same.target, state: "asked", expiresAt: { lte: now } },
  });
  for (const row of late) {
    await end(tx, row, "expired", null, null, now);
    await note(tx, home, row, "expire");
  }
}
