"use server";
import { askFor } from "#lib/commands/approval/ask";
import { decide } from "#lib/commands/approval/decide";
import { withdraw } from "#lib/commands/approval/withdraw";
import { changeRetention } from "#lib/commands/retention/change";
import { text } from "../../../_server/action.ts";
import { db } from "../../../_server/db.ts";
import type { FormState } from "../../../_ui/form-state.ts";
import { actInPortal } from "../../_parts/act.ts";

const days = (form: FormData) => ({
  minutesDays: text(form, "minutesDays"),
  incidentsDays: text(form, "incidentsDays"),
});

export async function portalKeepLonger(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalKeepLonger", async ({ run }) => {
    await run(changeRetention, days(form));
    return "Saved: kept longer from now on.";
  });
}

export async function portalAskCut(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalAskCut", async ({ actor }) => {
    const asked = await askFor(db(), "retention.cut", actor, days(form), text(form, "why"));
    return asked.state === "asked"
      ? { to: "/portal/retention" }
      : "Done at once: nobody else of your people could have decided it. The log says so.";
  });
}

export async function portalDecideCut(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalDecideCut", async ({ actor }) => {
    const verdict = text(form, "verdict") === "approve" ? "approve" : "refuse";
    const { state } = await decide(db(), text(form, "approvalId"), actor, verdict, text(form, "why"));
    return state === "executed" ? "Approved: what is older goes with the next run." : "Refused: nothing is deleted.";
  });
}

export async function portalWithdrawCut(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalWithdrawCut", async ({ actor }) => {
    await withdraw(db(), text(form, "approvalId"), actor);
    return "Withdrawn.";
  });
}
