"use server";
import { savePolicy } from "#lib/commands/policy/save";
import { TocsinError } from "#lib/domain/error";
import { act, text } from "../../_server/action.ts";
import type { FormState } from "../../_ui/form-state.ts";

export async function savePolicyAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(savePolicy, { steps: parse(text(form, "steps")) });
    return "Saved. It holds for incidents that open from now on.";
  });
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json.slice(0, 100_000));
  } catch {
    throw new TocsinError("E_INVALID", "The form could not be read: load the page again.", { field: "steps" });
  }
}
