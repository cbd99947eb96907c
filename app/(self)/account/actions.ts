"use server";
import { endOwnSessions } from "#lib/commands/session/end-own";
import { act, text } from "../../_server/action.ts";
import { now } from "../../_server/clock.ts";
import { db } from "../../_server/db.ts";
import type { FormState } from "../../_ui/form-state.ts";

export async function endSessionAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ who, actor }) => {
    const which = text(form, "session").slice(0, 40);
    const ended = await endOwnSessions(db(), who, which, now(), actor.from ?? "");
    if (which === who.sessionId) return { to: "/sign-in?out=1" };
    return ended === 0
      ? "There was no other session."
      : ended === 1
        ? "One session ended."
        : `${ended} sessions ended.`;
  }, "own");
}
