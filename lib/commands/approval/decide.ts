// The other person decides. Everything is asked again at this moment: who they are, who asked, and what it would do.
// What is approved is done in the same transaction, with the asker as its actor, so it happens once or not at all.
import { now as clockNow } from "#lib/adapters/clock";
import { type Db, inTenant, type TenantContext, type Tx } from "#lib/adapters/db";
import { isOutage } from "#lib/adapters/outage";
import { type Actor, authorise, carryOut, contextOf, parse, traced } from "#lib/commands/command";
import { type DiffLine, differs, EMERGENCY_ISSUER, stateAt } from "#lib/domain/approval";
import { type ErrorCode, TocsinError } from "#lib/domain/error";
import { weakReason } from "#lib/domain/justification";
import { type KnownPerson, knownPeople, lockDeciders, makersOf } from "#lib/queries/approvers";
import type { Dual } from "./dual.ts";
import { dualOf } from "./registry.ts";
import { end, Faster, foreseen, note, SHELL_ACTOR } from "./row.ts";

export interface Decided {
  sentence: string;
  state: "executed" | "refused";
  result?: unknown;
}

/** A refusal that is itself written down: thrown after the transaction that holds its row. */
interface Refusal {
  code: ErrorCode;
  message: string;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
type Row = NonNullable<Awaited<ReturnType<Tx["approval"]["findFirst"]>>>;

/**
 * @param reason why it is approved or refused: kept with the row, asked of both
 * @throws TocsinError E_NOT_FOUND, E_FORBIDDEN, E_STEP_UP, E_REASON, E_SELF_APPROVAL (403), E_EXPIRED (403), E_STATE (409);
 * what the command itself throws, after the approval has ended as failed
 */
export async function decide(
  db: Db,
  id: string,
  actor: Actor,
  verdict: "approve" | "refuse",
  reason: string,
): Promise<Decided> {
  if (!UUID.test(id)) throw new TocsinError("E_NOT_FOUND", "There is no such approval.");
  const fault = weakReason(reason);
  const why = reason.trim().slice(0, 500);
  const looked = await db.withTenant({ ...traced(actor, actor.tenantId), readOnly: true }, (tx) =>
    tx.approval.findFirst({ where: { tenantId: actor.tenantId, id } }),
  );
  const dual = looked === null ? null : dualOf(looked.action);
  if (looked === null || dual === null) throw new TocsinError("E_NOT_FOUND", "There is no such approval.");
  await authorise(db, dual.command.action, actor);
  if (fault !== null) throw new TocsinError("E_REASON", fault, { field: "why" });
  const home: TenantContext = { ...traced(actor, actor.tenantId, why), patient: dual.patient === true };
  let done: Decided | Refusal;
  try {
    done = await db.withTenant(home, (tx) => judge(tx, { dual, id, actor, verdict, why, home }));
  } catch (error) {
    // Nothing happened, and the log says so; while the database is away it stays asked.
    if (verdict === "approve" && !isOutage(error) && !(error instanceof Faster)) await fail(db, looked, actor, error);
    throw error;
  }
  if ("code" in done) throw new TocsinError(done.code, done.message);
  return done;
}

interface Judging {
  dual: Dual;
  id: string;
  actor: Actor;
  verdict: "approve" | "refuse";
  why: string;
  home: TenantContext;
}

async function judge(tx: Tx, j: Judging): Promise<Decided | Refusal> {
  const { dual, actor, home, why } = j;
  await lockDeciders(tx);
  const now = clockNow();
  const row = await tx.approval.findFirstOrThrow({ where: { tenantId: actor.tenantId, id: j.id } });
  if (row.state !== "asked") throw new Faster(row.state);
  const refusal = async (code: ErrorCode, message: string): Promise<Refusal> => {
    await note(tx, home, row, "refused_decision", { code });
    return { code, message };
  };
  if (row.askedBy === actor.personId || (row.askedSession !== null && row.askedSession === actor.sessionId))
    return refusal("E_SELF_APPROVAL", "Somebody else has to decide what you asked for.");
  if ((await makersOf(tx, row.askedBy)).includes(actor.personId))
    return refusal(
      "E_SELF_APPROVAL",
      "You made the emergency account that asked for this: somebody else has to decide.",
    );
  if (stateAt(row, now) === "expired") {
    await end(tx, row, "expired", null, null, now);
    await note(tx, home, row, "expire");
    return refusal("E_EXPIRED", "This was not decided within a day: whoever needs it asks again.");
  }
  const people = await knownPeople(tx, dual.command.action, row.tenantId);
  const mine = people.find((p) => p.id === actor.personId);
  if (!holds(mine) || mine.issuer === EMERGENCY_ISSUER) return refusal("E_FORBIDDEN", "Your role does not allow this.");
  if (j.verdict === "refuse") {
    await end(tx, row, "refused", actor, why, now);
    await note(tx, home, row, "refuse");
    return { state: "refused", sentence: row.sentence };
  }
  const asker = askerOf(row, people);
  if (asker === null) {
    await end(tx, row, "refused", null, "Whoever asked for this may no longer ask for it.", now);
    await note(tx, home, row, "refused_decision", { code: "E_STATE", because: "asker" });
    return { code: "E_STATE", message: "Whoever asked for this may no longer ask for it: it is closed." };
  }
  return execute(tx, j, row, asker, now);
}

async function execute(tx: Tx, j: Judging, row: Row, asker: Actor, now: Date): Promise<Decided | Refusal> {
  const { dual, actor, home, why } = j;
  const input = parse(dual.command, row.input);
  const today = await foreseen(tx, dual, home, asker, input);
  if (differs(row.diff as unknown as DiffLine[], today.diff)) {
    const message = "What it would change is not what was asked for any more: whoever needs it asks again.";
    await end(tx, row, "failed", actor, message, now);
    await note(tx, home, row, "fail", { code: "E_STATE", because: "changed" });
    return { code: "E_STATE", message };
  }
  await end(tx, row, "executed", actor, why, now);
  const there = contextOf(dual.command, asker, input, row.reason);
  const result = await inTenant(tx, home, there, () =>
    carryOut(tx, dual.command, asker, input, row.reason, { approval: row.id, approvedBy: actor.personId }),
  );
  await note(tx, home, row, "approve");
  return { state: "executed", sentence: row.sentence, result };
}

const holds = (person: KnownPerson | undefined): person is KnownPerson =>
  person?.may === true && person.disabledAt === null;

/** Whoever asked, with what they may today; null when they may no longer. */
function askerOf(row: Row, people: readonly KnownPerson[]): Actor | null {
  if (row.askedBy === SHELL_ACTOR)
    return { personId: SHELL_ACTOR, name: "the command line", tenantId: row.tenantId, layers: ["root"] };
  const person = people.find((p) => p.id === row.askedBy);
  return holds(person)
    ? { personId: person.id, name: person.name, tenantId: row.tenantId, layers: person.layers }
    : null;
}

async function fail(db: Db, row: Row, actor: Actor, error: unknown): Promise<void> {
  const known = error instanceof TocsinError;
  const home = traced(actor, row.tenantId);
  await db.withTenant(home, async (tx) => {
    const sentence = known ? error.message : "It failed inside: the log of the console says how. Nothing was changed.";
    await end(tx, row, "failed", actor, sentence.slice(0, 500), clockNow());
    await note(tx, home, row, "fail", { code: known ? error.code : "E_UNAVAILABLE" });
  });
}
