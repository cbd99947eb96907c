"use server";
import { approveVisit } from "#lib/commands/impersonation/approve";
import { beginVisit } from "#lib/commands/impersonation/begin";
import { revokeVisit } from "#lib/commands/impersonation/revoke";
import { startVisit } from "#lib/commands/impersonation/start";
import { visiting } from "#lib/commands/impersonation/visiting";
import { act, text } from "../../_server/action.ts";
import { db } from "../../_server/db.ts";
import { giveVisitCookie } from "../../_server/visit.ts";
import type { FormState } from "../../_ui/form-state.ts";

const named = (form: FormData) => ({ tenantId: text(form, "tenantId"), visitId: text(form, "visitId") });

/** The visit stands in the database before its cookie is given. */
export async function askVisitAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ actor }) => {
    const input = { tenantId: text(form, "tenantId"), personId: text(form, "personId"), mode: text(form, "mode") };
    const asked = await visiting(db(), startVisit, actor, input, text(form, "why"));
    if (asked.state === "asked") return { to: "/visits" };
    await giveVisitCookie(asked.visit);
    return { to: "/portal" };
  });
}

export async function beginVisitAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ actor }) => {
    await giveVisitCookie(await visiting(db(), beginVisit, actor, named(form)));
    return { to: "/portal" };
  });
}

export async function approveVisitAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ actor }) => {
    await visiting(db(), approveVisit, actor, named(form));
    return "Approved: it can begin within 15 minutes.";
  });
}

export async function endVisitAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ actor }) => {
    await visiting(db(), revokeVisit, actor, named(form));
    return "Ended.";
  });
}
