"use server";
import { createSilence } from "#lib/commands/silence/create";
import { endSilence } from "#lib/commands/silence/end";
import { TocsinError } from "#lib/domain/error";
import { act, text } from "../../_server/action.ts";
import type { FormState } from "../../_ui/form-state.ts";

export async function createSilenceAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const what = text(form, "serverId");
    // Everything is chosen by its own word: a choice that was not made must not silence the whole tenant.
    if (what === "") throw new TocsinError("E_INVALID", "Choose what to silence.", { field: "serverId" });
    await run(createSilence, {
      serverId: what === "every" ? "" : what,
      minutes: text(form, "minutes"),
      comment: text(form, "comment"),
    });
    return "Silenced.";
  });
}

export async function endSilenceAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(endSilence, { silenceId: text(form, "silenceId") });
    return "Ended.";
  });
}
