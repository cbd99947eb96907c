"use server";
import { chooseTenant } from "#lib/commands/session/choose-tenant";
import { db } from "../_server/db.ts";
import { text } from "../_server/action.ts";
import type { FormState } from "../_ui/form-state.ts";
import { actInPortal } from "./_parts/act.ts";

export async function portalChooseTenant(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalChooseTenant", async ({ who }) => {
    await chooseTenant(db(), who, text(form, "tenant"));
    return { to: "/" };
  });
}
