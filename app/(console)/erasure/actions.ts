"use server";
import { fileErasure } from "#lib/commands/erasure-request/file";
import { openErasure } from "#lib/commands/erasure-request/open";
import { act, text } from "../../_server/action.ts";
import type { FormState } from "../../_ui/form-state.ts";
import type { Opened } from "./[id]/_parts/identifiers.tsx";

export async function fileErasureAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const { id } = await run(fileErasure, {
      subjectKind: text(form, "subjectKind"),
      controller: text(form, "controller"),
      identifiers: text(form, "identifiers"),
      note: text(form, "note"),
    });
    return { to: `/erasure/${id}` };
  });
}

/** The answer alone carries whom it is about: no page holds it, so a page that is kept or sent on does not either. */
export async function openErasureAction(_: Opened, form: FormData): Promise<Opened> {
  let read: Opened["read"] = null;
  const state = await act(async ({ run }) => {
    read = await run(openErasure, { requestId: text(form, "requestId") });
    return "";
  });
  return { state, read };
}
