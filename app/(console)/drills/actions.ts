"use server";
import { runDrill } from "#lib/commands/drill/run";
import { act, text } from "../../_server/action.ts";
import type { FormState } from "../../_ui/form-state.ts";

export async function runDrillAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(runDrill, { flavour: text(form, "flavour") });
    return "Begun: people are told within seconds. Acknowledge its incident as you would a real one.";
  });
}
