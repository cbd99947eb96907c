"use server";
import { execute } from "#lib/commands/command";
import { acknowledgeIncident } from "#lib/commands/incident/acknowledge";
import { resolveIncident } from "#lib/commands/incident/resolve";
import { TocsinError } from "#lib/domain/error";
import { act, text } from "../../_server/action.ts";
import { refIn } from "../../_server/act-ref.ts";
import { db } from "../../_server/db.ts";
import type { FormState } from "../../_ui/form-state.ts";

/** What a link in a notice offers, for whoever is signed in and may do it in the incident's own tenant. */
export async function actByLinkAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ who, actor }) => {
    if (who.acting !== null)
      throw new TocsinError("E_FORBIDDEN", "Nobody acts by a link as somebody else: end the visit first.");
    const ref = refIn(text(form, "ref"));
    if (ref === null) throw new TocsinError("E_INVALID", "This link is not whole: open it again from the message.");
    if (ref === "over") throw new TocsinError("E_EXPIRED", "This link is too old: open the incident in the console.");
    const seat = who.seats.find((s) => s.id === ref.tenantId);
    if (seat === undefined) throw new TocsinError("E_NOT_FOUND", "There is no such incident.");
    const there = { ...actor, tenantId: seat.id, layers: seat.layers };
    const resolves = text(form, "verb") === "resolve";
    const input = { incidentId: ref.incidentId, by: "link" };
    await execute(db(), resolves ? resolveIncident : acknowledgeIncident, there, input);
    return resolves ? "Resolved." : "Acknowledged. Nobody further is paged for it.";
  }, "own");
}
