// The road of the commands about visits: what only the transaction can see is refused by rolling it back, and has its
// row in the log all the same.
import type { Db } from "#lib/adapters/db";
import { type Actor, type Command, execute, refuse } from "#lib/commands/command";
import { type ErrorCode, TocsinError } from "#lib/domain/error";

const WRITTEN: readonly ErrorCode[] = [
  "E_IMPERSONATION",
  "E_IMPERSONATION_BINDING",
  "E_SELF_APPROVAL",
  "E_EXPIRED",
  "E_APPROVAL_NEEDED",
];

/**
 * @throws TocsinError what `execute` throws; E_IMPERSONATION (409) for a visit within a visit, whatever else is asked
 */
export async function visiting<Input, Result>(
  db: Db,
  command: Command<Input, Result>,
  actor: Actor,
  raw: unknown,
  why?: string,
): Promise<Result> {
  const what = `action:${command.action}`;
  if (actor.acting)
    await refuse(db, actor, what, "E_IMPERSONATION", "A visit never begins within a visit: end this one first.");
  try {
    return await execute(db, command, actor, raw, why);
  } catch (error) {
    if (error instanceof TocsinError && WRITTEN.includes(error.code))
      await refuse(db, actor, what, error.code, error.message, error.detail);
    throw error;
  }
}
