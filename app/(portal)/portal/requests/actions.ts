"use server";
import { fileErasure } from "#lib/commands/erasure-request/file";
import { text } from "../../../_server/action.ts";
import type { FormState } from "../../../_ui/form-state.ts";
import { actInPortal } from "../../_parts/act.ts";

export async function portalFileErasure(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalFileErasure", async ({ run }) => {
    await run(fileErasure, {
      subjectKind: text(form, "subjectKind"),
      controller: text(form, "controller"),
      identifiers: text(form, "identifiers"),
      note: text(form, "note"),
    });
    return { to: "/portal/requests" };
  });
}
