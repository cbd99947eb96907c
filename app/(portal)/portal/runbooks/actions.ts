"use server";
import { removeRunbook } from "#lib/commands/runbook/remove";
import { saveRunbook } from "#lib/commands/runbook/save";
import { text } from "../../../_server/action.ts";
import type { FormState } from "../../../_ui/form-state.ts";
import { actInPortal } from "../../_parts/act.ts";

export async function portalSaveRunbook(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalSaveRunbook", async ({ run }) => {
    const version = await run(saveRunbook, { reason: text(form, "reason"), body: text(form, "body") });
    return `Saved as version ${version}.`;
  });
}

export async function portalRemoveRunbook(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalRemoveRunbook", async ({ run }) => {
    await run(removeRunbook, { reason: text(form, "reason") });
    return "The given runbook holds again.";
  });
}
