"use server";
import { removeRunbook } from "#lib/commands/runbook/remove";
import { saveRunbook } from "#lib/commands/runbook/save";
import { act, text } from "../../_server/action.ts";
import type { FormState } from "../../_ui/form-state.ts";

export async function saveRunbookAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const version = await run(saveRunbook, { reason: text(form, "reason"), body: text(form, "body") });
    return `Saved as version ${version}.`;
  });
}

export async function removeRunbookAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(removeRunbook, { reason: text(form, "reason") });
    return "The given runbook holds again.";
  });
}
