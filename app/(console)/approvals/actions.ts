"use server";
import { decide } from "#lib/commands/approval/decide";
import { withdraw } from "#lib/commands/approval/withdraw";
import { act, text } from "../../_server/action.ts";
import { askInstead } from "../../_server/ask.ts";
import { db } from "../../_server/db.ts";
import type { FormState } from "../../_ui/form-state.ts";

export async function decideAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ actor }) => {
    const verdict = text(form, "verdict") === "approve" ? "approve" : "refuse";
    const done = await decide(db(), text(form, "approvalId"), actor, verdict, text(form, "why"));
    return done.state === "executed" ? "Approved, and done." : "Refused.";
  });
}

export async function withdrawAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ actor }) => {
    await withdraw(db(), text(form, "approvalId"), actor);
    return "Withdrawn.";
  });
}

export async function askRotateKeyAction(_: FormState, form: FormData): Promise<FormState> {
  return act((doing) => askInstead(doing, "key.rotate", {}, text(form, "why")));
}
