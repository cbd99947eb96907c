"use server";
import { headers } from "next/headers";
import { redirect, unstable_rethrow } from "next/navigation";
import { confirmRecipient } from "#lib/commands/sink/confirm";
import { TocsinError } from "#lib/domain/error";
import { text } from "../../_server/action.ts";
import { db } from "../../_server/db.ts";
import { addressKey, limitBefore } from "../../_server/limit.ts";
import { assertOwnOrigin } from "../../_server/origin.ts";
import type { FormState } from "../../_ui/form-state.ts";

/** Nobody is signed in: the link is the key. Origin and limits are asked first. */
export async function confirmAction(before: FormState, form: FormData): Promise<FormState> {
  const n = before.ok === null ? 1 : before.n + 1;
  try {
    const sent = await headers();
    await assertOwnOrigin(sent);
    await limitBefore("confirm", addressKey(sent));
    await confirmRecipient(db(), text(form, "link").slice(0, 200));
  } catch (error) {
    unstable_rethrow(error);
    if (!(error instanceof TocsinError)) throw error;
    return { ok: false, message: error.message, code: error.code, field: null, n };
  }
  redirect("/prove?done=1");
}
