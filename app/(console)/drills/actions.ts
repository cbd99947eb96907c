"use server";
import { runDrill } from "#lib/commands/drill/run";
import { act, text } from "../../_server/action.ts";
import type { FormState } from "../../_ui/form-state.ts";

export async function runDrillAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const flavour = text(form, "flavour");
    await run(runDrill, { flavour });
    if (flavour === "budget") return "Begun: people are told within seconds, and the digest goes out in two minutes.";
    if (flavour === "cluster")
      return "Begun: the operators are told within seconds, and after a minute at most it is over.";
    return "Begun: people are told within seconds. Acknowledge its incident as you would a real one.";
  });
}
