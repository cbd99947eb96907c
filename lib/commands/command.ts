// Every write goes through here, in four steps: authorise → parse → transaction → audit inside it. The audit row is
// written in the same transaction, so an action without its row, or a row without its action, cannot exist.
import type { z } from "zod";
import { type AuditEntry, audit } from "#lib/adapters/audit";
import { now } from "#lib/adapters/clock";
import type { Db, TenantContext, Tx } from "#lib/adapters/db";
import { isOutage } from "#lib/adapters/outage";
import { type ErrorCode, TocsinError } from "#lib/domain/error";
import { freshEnough } from "#lib/domain/session";
import { weakReason } from "#lib/domain/justification";
import { type Action, type Layer, may, ruleOf } from "#lib/domain/permissions";

/** Who asks, and for which tenant. Made by app/_server/session.ts from the session row, never from a form. */
export interface Actor {
  personId: string;
  name: string;
  tenantId: string;
  layers: readonly Layer[];
  sessionId?: string;
  /** Source address of the request; "" when it is not known. */
  from?: string;
  /** When they last proved to the identity provider who they are. */
  authTime?: Date | null;
  /** Set while they look into this tenant as one of its people; `layers` are then that person's. */
  acting?: { grantId: string; actAs: string; mode: "ro" | "rw" };
  /** Their groups could not be confirmed for long: they read, and change nothing. */
  readsOnly?: boolean;
  /** What a visit is bound to: this session in this browser. */
  bound?: { fp: Uint8Array<ArrayBuffer>; agent: Uint8Array<ArrayBuffer> };
}

export interface Step<Input> {
  tx: Tx;
  input: Input;
  actor: Actor;
  now: Date;
  /** The transaction's own: for a further audit row in it. */
  context: TenantContext;
}

export interface Command<Input, Result> {
  /** Its permission and, by default, its name in the audit log. */
  action: Action;
  /** Audit name when one permission covers several verbs: "sink.disable". */
  auditAs?: string;
  input: z.ZodType<Input>;
  /** For a root operator's act on another tenant: whose transaction and whose log it is. Default: the actor's. */
  tenant?(input: Input): string;
  run(step: Step<Input>): Promise<{ result: Result; audit: Omit<AuditEntry, "action"> }>;
}

export const defineCommand = <Input, Result>(command: Command<Input, Result>): Command<Input, Result> => command;

/**
 * @param why the reason given, for actions that ask for one
 * @throws TocsinError E_FORBIDDEN, E_READ_ONLY, E_IMPERSONATION_BLOCKED, E_STEP_UP, E_APPROVAL_NEEDED, E_REASON,
 * E_UNKNOWN_FIELD or E_INVALID (with `field`) before anything is touched; what `run` throws rolls everything back
 */
export async function execute<Input, Result>(
  db: Db,
  command: Command<Input, Result>,
  actor: Actor,
  raw: unknown,
  why?: string,
): Promise<Result> {
  await authorise(db, command.action, actor);
  if (ruleOf(command.action).two)
    throw new TocsinError(
      "E_APPROVAL_NEEDED",
      "This needs a second person: ask for it, and somebody else approves it.",
    );
  const input = parse(command, raw);
  return writtenDown(db, actor, command.action, () =>
    db.withTenant(contextOf(command, actor, input, reason(command.action, why)), (tx) =>
      carryOut(tx, command, actor, input, why),
    ),
  );
}

/** What only a transaction can see rolls it back; this refusal has its row in the log all the same: E_LAST_ROOT. */
export async function writtenDown<T>(db: Db, actor: Actor, action: Action, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // Also at commit, where the log is sealed: nothing of it is left, and that is worth a plain sentence.
    if (!(error instanceof TocsinError) && isOutage(error))
      throw new TocsinError("E_UNAVAILABLE", "The database did not take this, so nothing was changed: try again.", {
        cause: error,
      });
    if (error instanceof TocsinError && error.code === "E_LAST_ROOT")
      await refuse(db, actor, `action:${action}`, error.code, error.message, error.detail);
    throw error;
  }
}

/**
 * Who may not is refused here, and the refusal has its row in the log.
 * @throws TocsinError E_FORBIDDEN, E_READ_ONLY, E_IMPERSONATION_BLOCKED or E_STEP_UP
 */
export async function authorise(db: Db, action: Action, actor: Actor): Promise<void> {
  const rule = ruleOf(action);
  if (!may(actor.layers, action))
    await refuse(
      db,
      actor,
      `action:${action}`,
      "E_FORBIDDEN",
      "Your role does not allow this.",
      `has ${actor.layers.join(",") || "no layer"}`,
    );
  if (actor.acting && rule.notAsAnother)
    await refuse(
      db,
      actor,
      `action:${action}`,
      "E_IMPERSONATION_BLOCKED",
      "This is never done as somebody else: end the visit first.",
    );
  if (actor.acting?.mode === "ro" && rule.writes)
    await refuse(
      db,
      actor,
      `action:${action}`,
      "E_READ_ONLY",
      "This visit only looks: to change something, ask a colleague to approve it.",
    );
  if (actor.readsOnly && rule.writes)
    throw new TocsinError(
      "E_UNAVAILABLE",
      "Your identity provider has not answered for 15 minutes, so your role cannot be confirmed and nothing is changed. Try again when it answers, or use an emergency account.",
    );
  if (rule.fresh && !freshEnough(actor.authTime ?? null, now()))
    throw new TocsinError("E_STEP_UP", "Confirm that it is you: sign in again, then repeat this.");
}

/**
 * Refuses, and leaves the row of the log that says so.
 * @param what that was asked for: "action:server.change", "router:portal"
 */
export async function refuse(
  db: Db,
  actor: Actor,
  what: string,
  code: ErrorCode,
  sentence: string,
  detail = "",
): Promise<never> {
  const context = traced(actor, actor.tenantId);
  await db.withTenant(context, (tx) =>
    audit(tx, context, {
      action: "access.refused",
      target: what,
      body: { action: what.slice(what.indexOf(":") + 1), code, layers: [...actor.layers] },
    }),
  );
  throw new TocsinError(code, sentence, { detail: `${what}: ${detail}` });
}

export function parse<Input>(command: Pick<Command<Input, unknown>, "input">, raw: unknown): Input {
  const parsed = command.input.safeParse(raw);
  if (!parsed.success) throw invalid(parsed.error);
  return parsed.data;
}

/** @returns the reason as it is kept; undefined where none is asked for and none was given. @throws TocsinError E_REASON */
export function reason(action: Action, why: string | undefined): string | undefined {
  if (!ruleOf(action).why) return why === undefined || why === "" ? undefined : why.slice(0, 500);
  const fault = weakReason(why ?? "");
  if (fault !== null) throw new TocsinError("E_REASON", fault, { field: "why" });
  return (why ?? "").trim().slice(0, 500);
}

/** The transaction of a command: its tenant, its actor and the trace that the log keeps. */
export function contextOf<Input>(
  command: Pick<Command<Input, unknown>, "tenant" | "action">,
  actor: Actor,
  input: Input,
  why: string | undefined,
): TenantContext {
  const context = traced(actor, command.tenant?.(input) ?? actor.tenantId, why);
  // Authorised or not: the database itself takes no write from a visit that only looks.
  if (actor.acting?.mode === "ro") return { ...context, readOnly: true };
  // The proof of a tenant that was erased is what is left of it: taking it away has its row there as ever.
  return command.action === "audit.export" ? { ...context, evenErased: true } : context;
}

export function traced(actor: Actor, tenantId: string, why?: string): TenantContext {
  const trace = {
    ...(actor.from ? { from: actor.from } : {}),
    ...(why === undefined ? {} : { why }),
    ...(actor.acting ? { actAs: actor.acting.actAs, grantId: actor.acting.grantId } : {}),
  };
  return { tenantId, actorId: actor.personId, trace };
}

/**
 * The last two steps, inside a transaction that is open already: by `execute`, and by an approval that executes.
 * @param decided what the row of the log says beside the command's own words: who approved it
 */
export async function carryOut<Input, Result>(
  tx: Tx,
  command: Command<Input, Result>,
  actor: Actor,
  input: Input,
  why?: string,
  decided?: Record<string, unknown>,
): Promise<Result> {
  const context = contextOf(command, actor, input, reason(command.action, why));
  if (actor.acting) await holdVisit(tx, actor.acting.grantId);
  const { result, audit: entry } = await command.run({ tx, input, actor, now: now(), context });
  await audit(tx, context, {
    action: command.auditAs ?? command.action,
    ...entry,
    body: { ...entry.body, ...decided },
  });
  return result;
}

/** Until this transaction ends nobody ends the visit, and after its end no change of it commits. */
async function holdVisit(tx: Tx, grantId: string): Promise<void> {
  const held = await tx.$queryRaw<unknown[]>`SELECT 1 FROM impersonation_grant
    WHERE id = ${grantId}::uuid AND ended_at IS NULL AND clock_timestamp() < not_after FOR SHARE`;
  if (held.length === 0) throw new TocsinError("E_IMPERSONATION_ENDED", "The visit is over, and nothing was changed.");
}

function invalid(error: z.ZodError): TocsinError {
  const issue = error.issues[0];
  const field = issue?.path.join(".");
  const code = issue?.code === "unrecognized_keys" ? "E_UNKNOWN_FIELD" : "E_INVALID";
  return new TocsinError(code, issue?.message ?? "That input is not understood.", field ? { field } : {});
}
