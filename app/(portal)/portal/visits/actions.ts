"use server";
import { endVisitOfStaff } from "#lib/commands/impersonation/end";
import { text } from "../../../_server/action.ts";
import type { FormState } from "../../../_ui/form-state.ts";
import { actInPortal } from "../../_parts/act.ts";

export async function portalEndVisit(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalEndVisit", async ({ run }) => {
    await run(endVisitOfStaff, { visitId: text(form, "visitId") });
    return "The visit is over.";
  });
}
