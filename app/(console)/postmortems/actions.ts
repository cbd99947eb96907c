"use server";
import { addActionItem, changeActionItem } from "#lib/commands/action-item/save";
import { openPostmortem } from "#lib/commands/postmortem/open";
import { publishPostmortem } from "#lib/commands/postmortem/publish";
import { savePostmortem } from "#lib/commands/postmortem/save";
import { SECTIONS } from "#lib/domain/postmortem";
import { act, text } from "../../_server/action.ts";
import type { FormState } from "../../_ui/form-state.ts";

const item = (form: FormData) => ({
  ...{ kind: text(form, "kind"), title: text(form, "title"), owner: text(form, "owner"), dueOn: text(form, "dueOn") },
  ...{ impact: text(form, "impact"), effort: text(form, "effort") },
});

export async function openPostmortemAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(openPostmortem, { incidentId: text(form, "incidentId") });
    return { to: `/postmortems/${text(form, "incidentId")}` };
  });
}

export async function savePostmortemAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const sections = Object.fromEntries(SECTIONS.map((name) => [name, text(form, name)]));
    await run(savePostmortem, { incidentId: text(form, "incidentId"), sections });
    return "Saved.";
  });
}

export async function publishPostmortemAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(publishPostmortem, { incidentId: text(form, "incidentId") });
    return "Finished. Its action items go on.";
  });
}

export async function addActionItemAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(addActionItem, { incidentId: text(form, "incidentId"), ...item(form) });
    return "Added.";
  });
}

export async function changeActionItemAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(changeActionItem, { itemId: text(form, "itemId"), ...item(form), state: text(form, "state") });
    return "Saved.";
  });
}
