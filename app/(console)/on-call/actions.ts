"use server";
import { saveContacts } from "#lib/commands/contact/save";
import { endOverride } from "#lib/commands/schedule/end-override";
import { changeFeed } from "#lib/commands/schedule/feed";
import { addOverride } from "#lib/commands/schedule/override";
import { removeSchedule } from "#lib/commands/schedule/remove";
import { saveSchedule } from "#lib/commands/schedule/save";
import { TocsinError } from "#lib/domain/error";
import { act, text } from "../../_server/action.ts";
import { ownUrl } from "../../_server/on-call.ts";
import type { FormState } from "../../_ui/form-state.ts";

export async function saveScheduleAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const [scheduleId, name, zone] = ["scheduleId", "name", "zone"].map((field) => text(form, field));
    const saved = await run(saveSchedule, { scheduleId, name, zone, layers: parse(form, "layers") });
    if (scheduleId === "") return { to: `/on-call?schedule=${saved.scheduleId}` };
    return "Saved. Whoever is on call now is told from now on.";
  });
}

export async function removeScheduleAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const { name } = await run(removeSchedule, { scheduleId: text(form, "scheduleId") });
    return `Removed ${name}.`;
  });
}

export async function addOverrideAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const [scheduleId, personId, from, to] = ["scheduleId", "personId", "from", "to"].map((f) => text(form, f));
    await run(addOverride, { scheduleId, personId, from, to });
    return "They stand in then.";
  });
}

export async function endOverrideAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(endOverride, { overrideId: text(form, "overrideId") });
    return "It is again whose turn it is.";
  });
}

export async function changeFeedAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const { token } = await run(changeFeed, { scheduleId: text(form, "scheduleId"), give: text(form, "give") });
    if (token === null) return "The calendar has no address any more.";
    return {
      said: "The calendar has a new address; the one before is refused.",
      secret: ownUrl(`/api/on-call/${token}`),
    };
  });
}

export async function saveContactsAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const sinkIds = form.getAll("sinkId").filter((id) => typeof id === "string");
    await run(saveContacts, { personId: text(form, "personId"), sinkIds: sinkIds.slice(0, 50) });
    return "Saved.";
  });
}

function parse(form: FormData, field: string): unknown {
  try {
    return JSON.parse(text(form, field).slice(0, 100_000));
  } catch {
    throw new TocsinError("E_INVALID", "The form could not be read: load the page again.", { field });
  }
}
