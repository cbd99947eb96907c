// Every write goes through here, in four steps: authorise → parse → transaction → audit inside it. The audit row is
// written in the same transaction, so an action without its row, or a row without its action, cannot exist.
import type { z } from "zod";
import { type AuditEntry, audit } from "#lib/adapters/audit";
import { now } from "#lib/adapters/clock";
import type { Db, TenantContext, Tx } from "#lib/adapters/db";
import { TocsinError } from "#lib/domain/error";
import { type Action, type Layer, may } from "#lib/domain/permissions";

/** Who asks, and for which tenant. Made by app/_server/session.ts from the session row, never from a form. */
export interface Actor {
  personId: string;
  name: string;
  tenantId: string;
  layers: readonly Layer[];
}

export interface Command<Input, Result> {
  /** Its permission and, by default, its name in the audit log. */
  action: Action;
  /** Audit name when one permission covers several verbs: "sink.disable". */
  auditAs?: string;
  input: z.ZodType<Input>;
  run(step: {
    tx: Tx;
    input: Input;
    actor: Actor;
    now: Date;
  }): Promise<{ result: Result; audit: Omit<AuditEntry, "action"> }>;
}

export const defineCommand = <Input, Result>(command: Command<Input, Result>): Command<Input, Result> => command;

/**
 * @throws TocsinError E_FORBIDDEN, E_UNKNOWN_FIELD or E_INVALID (with `field`) before anything is touched; what `run`
 * throws rolls everything back
 */
export async function execute<Input, Result>(
  db: Db,
  command: Command<Input, Result>,
  actor: Actor,
  raw: unknown,
): Promise<Result> {
  if (!may(actor.layers, command.action)) {
    throw new TocsinError("E_FORBIDDEN", "Your role does not allow this.", {
      detail: `${command.action} needs another layer than ${actor.layers.join(",") || "none"}`,
    });
  }
  const parsed = command.input.safeParse(raw);
  if (!parsed.success) throw invalid(parsed.error);
  const context: TenantContext = { tenantId: actor.tenantId, actorId: actor.personId };
  return db.withTenant(context, async (tx) => {
    const { result, audit: entry } = await command.run({ tx, input: parsed.data, actor, now: now() });
    await audit(tx, context, { action: command.auditAs ?? command.action, ...entry });
    return result;
  });
}

function invalid(error: z.ZodError): TocsinError {
  const issue = error.issues[0];
  const field = issue?.path.join(".");
  const code = issue?.code === "unrecognized_keys" ? "E_UNKNOWN_FIELD" : "E_INVALID";
  return new TocsinError(code, issue?.message ?? "That input is not understood.", field ? { field } : {});
}
