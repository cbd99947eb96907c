"use server";
import { redirect, unstable_rethrow } from "next/navigation";
import { TocsinError } from "#lib/domain/error";
import { enterByDoor } from "../../_server/break-glass.ts";
import { text } from "../../_server/action.ts";
import { ownPath } from "../../_server/own-path.ts";
import type { FormState } from "../../_ui/form-state.ts";

/** Nobody is signed in yet, so this is not on the road of the other actions: origin and limits are asked on the way in. */
export async function enterAction(before: FormState, form: FormData): Promise<FormState> {
  const n = before.ok === null ? 1 : before.n + 1;
  try {
    await enterByDoor({ name: text(form, "name").slice(0, 200), secret: text(form, "secret").slice(0, 200) });
  } catch (error) {
    unstable_rethrow(error);
    if (!(error instanceof TocsinError)) throw error;
    return { ok: false, message: error.message, code: error.code, field: error.field ?? null, n };
  }
  redirect(ownPath(text(form, "to")));
}
