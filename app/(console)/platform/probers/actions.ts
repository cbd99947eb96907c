"use server";
import { releaseProbes } from "#lib/commands/prober/release";
import { act, text } from "../../../_server/action.ts";
import type { FormState } from "../../../_ui/form-state.ts";

export async function releaseProbesAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(releaseProbes, { tenantId: text(form, "tenantId") });
    return "Its checks come as often as is set again.";
  });
}
