"use server";
import { chooseTenant } from "#lib/commands/session/choose-tenant";
import { act, text } from "../_server/action.ts";
import { db } from "../_server/db.ts";
import type { FormState } from "../_ui/form-state.ts";

export async function chooseTenantAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ who }) => {
    await chooseTenant(db(), who, text(form, "tenant"));
    return { to: "/" };
  });
}
