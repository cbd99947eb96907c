import "server-only";
import { randomUUID } from "node:crypto";
import { refresh } from "next/cache";
import { headers } from "next/headers";
import { forbidden, redirect, unauthorized, unstable_rethrow } from "next/navigation";
import { now } from "#lib/adapters/clock";
import { type Actor, type Command, execute, refuse } from "#lib/commands/command";
import { touchSession } from "#lib/commands/session/touch";
import { type ErrorCode, TocsinError } from "#lib/domain/error";
import type { FormState } from "../_ui/form-state.ts";
import { db } from "./db.ts";
import { sourceAddress } from "./from.ts";
import { log } from "./log.ts";
import { assertOwnOrigin } from "./origin.ts";
import { actorOf, type Router, routerOf, type Seated, seated } from "./session.ts";
import { recordVisit } from "./visit.ts";

export interface Doing {
  who: Seated;
  actor: Actor;
  /** @param why the reason given in the form, for actions that ask for one */
  run<Input, Result>(command: Command<Input, Result>, input: unknown, why?: string): Promise<Result>;
}

/** Where to go when done instead of staying. */
export interface GoTo {
  to: string;
}

/** What was done, and what is shown once and never again. */
export interface Told {
  said: string;
  secret: string;
}

/** No form offers these: whoever sends one gets no page that takes another try. */
const FORBIDDEN = new Set<ErrorCode>(["E_FORBIDDEN", "E_ORIGIN", "E_READ_ONLY", "E_IMPERSONATION_BLOCKED"]);

let answers = 0;

/**
 * The one road of every action: origin, session, then the command itself authorises, parses, writes and audits.
 * @param what answers with the sentence to show, or where to go
 * @param of whose action it is: the console's answers no customer, the portal's no staff; "own": about oneself alone
 */
export async function act(
  what: (doing: Doing) => Promise<string | GoTo | Told>,
  of: Router | "own" = "console",
): Promise<FormState> {
  const n = ++answers;
  let to: string | undefined;
  let emergency = false;
  try {
    const sent = await headers();
    await assertOwnOrigin(sent);
    const who = await seated();
    emergency = who.emergency;
    const actor = actorOf(who, sourceAddress(sent));
    if (of !== "own" && routerOf(who) !== of)
      await refuse(db(), actor, `router:${of}`, "E_FORBIDDEN", "Your role does not allow this.");
    await touchSession(db(), who.sessionId, now());
    const done = await ofVisit(who, () =>
      what({ who, actor, run: (command, input, why) => execute(db(), command, actor, input, why) }),
    );
    if (typeof done === "string") {
      refresh();
      return { ok: true, message: done, n };
    }
    if ("secret" in done) {
      refresh();
      return { ok: true, message: done.said, secret: done.secret, n };
    }
    to = done.to;
  } catch (error) {
    unstable_rethrow(error);
    const refused = refusal(error, n);
    return emergency && refused.ok === false && refused.code === "E_STEP_UP"
      ? { ...refused, door: "emergency" }
      : refused;
  }
  redirect(to);
}

/** An action of a visit leaves its row, whatever became of it. */
async function ofVisit<T>(who: Seated, work: () => Promise<T>): Promise<T> {
  try {
    const done = await work();
    await recordVisit(who, "POST", "done");
    return done;
  } catch (error) {
    await recordVisit(who, "POST", error instanceof TocsinError ? error.code : "failed");
    throw error;
  }
}

function refusal(error: unknown, n: number): FormState {
  if (error instanceof TocsinError) {
    log().info({ code: error.code, detail: error.detail, field: error.field }, "action refused");
    if (FORBIDDEN.has(error.code)) forbidden();
    if (error.code === "E_IMPERSONATION_ENDED") unauthorized();
    return { ok: false, message: error.message, code: error.code, field: error.field ?? null, n };
  }
  const id = randomUUID().slice(0, 8);
  log().error({ err: error, id }, "action failed");
  return {
    ok: false,
    message: `That did not work, and nothing was changed. Try again; if it stays, give the operator this reference: ${id}.`,
    code: "E_UNAVAILABLE",
    field: null,
    n,
  };
}

/** A form's field as text; absent and files are "". */
export function text(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value : "";
}
