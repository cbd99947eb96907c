"use server";
import { acknowledgeIncident } from "#lib/commands/incident/acknowledge";
import { noteIncident } from "#lib/commands/incident/note";
import { resolveIncident } from "#lib/commands/incident/resolve";
import { act, text } from "../../_server/action.ts";
import type { FormState } from "../../_ui/form-state.ts";

export async function acknowledgeAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(acknowledgeIncident, { incidentId: text(form, "incidentId") });
    return "Acknowledged. Nobody further is paged for it.";
  });
}

export async function resolveAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(resolveIncident, { incidentId: text(form, "incidentId") });
    return "Resolved.";
  });
}

export async function noteAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(noteIncident, { incidentId: text(form, "incidentId"), note: text(form, "note") });
    return "Noted.";
  });
}
