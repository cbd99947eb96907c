"use server";
import { act, text } from "../../../_server/action.ts";
import { askInstead } from "../../../_server/ask.ts";
import type { FormState } from "../../../_ui/form-state.ts";

export async function askRotateSecretsAction(_: FormState, form: FormData): Promise<FormState> {
  return act((doing) => askInstead(doing, "secret.rotate", {}, text(form, "why")));
}
