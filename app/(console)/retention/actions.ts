"use server";
import { changeRetention } from "#lib/commands/retention/change";
import { act, text } from "../../_server/action.ts";
import { askInstead } from "../../_server/ask.ts";
import type { FormState } from "../../_ui/form-state.ts";

const days = (form: FormData) => ({
  minutesDays: text(form, "minutesDays"),
  incidentsDays: text(form, "incidentsDays"),
});

export async function keepLongerAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(changeRetention, days(form));
    return "Saved: kept longer from now on.";
  });
}

export async function askCutAction(_: FormState, form: FormData): Promise<FormState> {
  return act((doing) => askInstead(doing, "retention.cut", days(form), text(form, "why")));
}
