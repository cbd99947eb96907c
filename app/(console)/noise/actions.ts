"use server";
import { setSeverity } from "#lib/commands/severity/set";
import { act, text } from "../../_server/action.ts";
import type { FormState } from "../../_ui/form-state.ts";

export async function setSeverityAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(setSeverity, { reason: text(form, "reason"), severity: text(form, "severity") });
    return "Saved. It counts from the next incident on.";
  });
}
