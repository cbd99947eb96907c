"use server";
import { disablePerson } from "#lib/commands/person/disable";
import { enablePerson } from "#lib/commands/person/enable";
import { endSessionsOf } from "#lib/commands/person/end-sessions";
import { act, text } from "../../_server/action.ts";
import type { FormState } from "../../_ui/form-state.ts";

export async function disableAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const ended = await run(disablePerson, { personId: text(form, "personId") }, text(form, "why"));
    return `Disabled. ${ended.sessions === 1 ? "One session has" : `${ended.sessions} sessions have`} ended.`;
  });
}

export async function enableAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const { stillOff } = await run(enablePerson, { personId: text(form, "personId") }, text(form, "why"));
    return stillOff ? "Enabled here. The directory still has them switched off." : "Enabled: they may sign in again.";
  });
}

export async function endSessionsAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const ended = await run(endSessionsOf, { personId: text(form, "personId") }, text(form, "why"));
    return `${ended.sessions === 1 ? "One session has" : `${ended.sessions} sessions have`} ended.`;
  });
}
