"use server";
import { createSilence } from "#lib/commands/silence/create";
import { endSilence } from "#lib/commands/silence/end";
import { act, text } from "../../_server/action.ts";
import type { FormState } from "../../_ui/form-state.ts";

export async function createSilenceAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(createSilence, {
      serverId: text(form, "serverId"),
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
