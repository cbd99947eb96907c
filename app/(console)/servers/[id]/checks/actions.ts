"use server";
import { addCheck } from "#lib/commands/check/add";
import { allowTool, disallowTool } from "#lib/commands/check/allow-tool";
import { changeCheck } from "#lib/commands/check/change";
import { removeCheck } from "#lib/commands/check/remove";
import { tryCheck } from "#lib/commands/check/try";
import { checkInput, saved } from "../../../../_parts/checks/input.ts";
import { act, text } from "../../../../_server/action.ts";
import type { FormState } from "../../../../_ui/form-state.ts";

export async function addCheckAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const { requestId } = await run(addCheck, {
      serverId: text(form, "serverId"),
      kind: text(form, "kind"),
      ...checkInput(form),
    });
    return saved(requestId !== null);
  });
}

export async function changeCheckAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const { requestId } = await run(changeCheck, { checkId: text(form, "checkId"), ...checkInput(form) });
    return saved(requestId !== null);
  });
}

export async function removeCheckAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(removeCheck, { checkId: text(form, "checkId") });
    return "Removed.";
  });
}

export async function tryCheckAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(tryCheck, { checkId: text(form, "checkId") });
    return "It is being tried: what comes back is shown with it.";
  });
}

export async function allowToolAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(allowTool, { serverId: text(form, "serverId"), tool: text(form, "tool") }, text(form, "why"));
    return "Test calls may use it.";
  });
}

export async function disallowToolAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(disallowTool, { serverId: text(form, "serverId"), tool: text(form, "tool") });
    return "Taken back.";
  });
}
