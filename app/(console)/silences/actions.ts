"use server";
import { createSilence } from "#lib/commands/silence/create";
import { endSilence } from "#lib/commands/silence/end";
import { removeWindow } from "#lib/commands/window/remove";
import { saveWindow } from "#lib/commands/window/save";
import { TocsinError } from "#lib/domain/error";
import { act, text } from "../../_server/action.ts";
import type { FormState } from "../../_ui/form-state.ts";
import { ruleOfForm } from "./_parts/window-form.ts";

export async function createSilenceAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const what = text(form, "serverId");
    // Everything is chosen by its own word: a choice that was not made must not silence the whole tenant.
    if (what === "") throw new TocsinError("E_INVALID", "Choose what to silence.", { field: "serverId" });
    await run(createSilence, {
      serverId: what === "every" ? "" : what,
      minutes: text(form, "minutes"),
      comment: text(form, "comment"),
    });
    return "Silenced.";
  });
}

export async function endSilenceAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(endSilence, { silenceId: text(form, "silenceId") });
    return "Ended.";
  });
}

export async function saveWindowAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const serverIds = form.getAll("serverIds").map(String);
    const every = text(form, "every") !== "";
    // As with a silence: no choice at all must not be taken for every server.
    if (!every && serverIds.length === 0)
      throw new TocsinError("E_INVALID", "Choose servers, or every server of this tenant.", { field: "serverIds" });
    await run(saveWindow, {
      windowId: text(form, "windowId"),
      serverIds: every ? [] : serverIds,
      comment: text(form, "comment"),
      rule: ruleOfForm(form),
    });
    return "Planned.";
  });
}

export async function removeWindowAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(removeWindow, { windowId: text(form, "windowId") });
    return "Removed.";
  });
}
