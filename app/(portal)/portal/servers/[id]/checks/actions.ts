"use server";
import { addCheck } from "#lib/commands/check/add";
import { allowTool, disallowTool } from "#lib/commands/check/allow-tool";
import { changeCheck } from "#lib/commands/check/change";
import { removeCheck } from "#lib/commands/check/remove";
import { tryCheck } from "#lib/commands/check/try";
import { checkInput, saved } from "../../../../../_parts/checks/input.ts";
import { text } from "../../../../../_server/action.ts";
import type { FormState } from "../../../../../_ui/form-state.ts";
import { actInPortal } from "../../../../_parts/act.ts";

export async function portalAddCheck(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalAddCheck", async ({ run }) => {
    const { requestId } = await run(addCheck, {
      serverId: text(form, "serverId"),
      kind: text(form, "kind"),
      ...checkInput(form),
    });
    return saved(requestId !== null);
  });
}

export async function portalChangeCheck(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalChangeCheck", async ({ run }) => {
    const { requestId } = await run(changeCheck, { checkId: text(form, "checkId"), ...checkInput(form) });
    return saved(requestId !== null);
  });
}

export async function portalRemoveCheck(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalRemoveCheck", async ({ run }) => {
    await run(removeCheck, { checkId: text(form, "checkId") });
    return "Removed.";
  });
}

export async function portalTryCheck(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalTryCheck", async ({ run }) => {
    await run(tryCheck, { checkId: text(form, "checkId") });
    return "It is being tried: what comes back is shown with it.";
  });
}

export async function portalAllowTool(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalAllowTool", async ({ run }) => {
    await run(allowTool, { serverId: text(form, "serverId"), tool: text(form, "tool") }, text(form, "why"));
    return "Test calls may use it.";
  });
}

export async function portalDisallowTool(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalDisallowTool", async ({ run }) => {
    await run(disallowTool, { serverId: text(form, "serverId"), tool: text(form, "tool") });
    return "Taken back.";
  });
}
