"use server";
import { acknowledgeIncident } from "#lib/commands/incident/acknowledge";
import { noteIncident } from "#lib/commands/incident/note";
import { resolveIncident } from "#lib/commands/incident/resolve";
import { TocsinError } from "#lib/domain/error";
import { act, text } from "../../_server/action.ts";
import type { FormState } from "../../_ui/form-state.ts";

/** As many as one page shows. */
const AT_ONCE = 100;

export async function acknowledgeAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(acknowledgeIncident, { incidentId: text(form, "incidentId") });
    return "Acknowledged. Nobody further is paged for it.";
  });
}

/** One act for each, with its own row in the log: one that somebody else was faster with stops none of the others. */
export async function acknowledgeManyAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const ids = [...new Set(form.getAll("incidentIds").map(String))].slice(0, AT_ONCE);
    if (ids.length === 0) throw new TocsinError("E_INVALID", "Select the incidents that you have in hand.");
    let [done, already, gone] = [0, 0, 0];
    for (const incidentId of ids) {
      try {
        await run(acknowledgeIncident, { incidentId });
        done++;
      } catch (error) {
        if (!(error instanceof TocsinError)) throw error;
        if (error.code === "E_STATE") already++;
        else if (error.code === "E_NOT_FOUND" && ids.length > 1) gone++;
        else throw error;
      }
    }
    const said = [`${done} acknowledged`];
    if (already > 0) said.push(`${already} already`);
    if (gone > 0) said.push(`${gone} not there any more`);
    return `${said.join(", ")}.`;
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
