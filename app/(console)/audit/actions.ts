"use server";
import { reviewDay } from "#lib/commands/audit-review/mark";
import { removeView } from "#lib/commands/saved-view/remove";
import { saveView } from "#lib/commands/saved-view/save";
import { act, text } from "../../_server/action.ts";
import { now } from "../../_server/clock.ts";
import { db } from "../../_server/db.ts";
import type { FormState } from "../../_ui/form-state.ts";

export async function saveViewAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ who }) => {
    const name = await saveView(db(), who, { name: text(form, "name"), query: text(form, "query") }, now());
    return `Kept as “${name}”.`;
  });
}

export async function removeViewAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ who }) => {
    await removeView(db(), who, text(form, "id"));
    return "Removed.";
  });
}

export async function reviewDayAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(reviewDay, { day: text(form, "day"), note: text(form, "note") });
    return "Reviewed.";
  });
}
