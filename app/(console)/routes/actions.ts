"use server";
import { movePolicy } from "#lib/commands/policy/order";
import { removePolicy } from "#lib/commands/policy/remove";
import { savePolicy } from "#lib/commands/policy/save";
import { TocsinError } from "#lib/domain/error";
import { act, text } from "../../_server/action.ts";
import type { FormState } from "../../_ui/form-state.ts";

export async function savePolicyAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const policyId = text(form, "policyId");
    const given = {
      policyId,
      ...(form.has("name") && { name: text(form, "name") }),
      ...(form.has("matchers") && { matchers: parse(form, "matchers") }),
      ...(form.has("repeat") && { repeat: text(form, "repeat") }),
      ...(form.has("repeatMinutes") && { repeatMinutes: text(form, "repeatMinutes") }),
    };
    const saved = await run(savePolicy, { ...given, steps: parse(form, "steps") });
    if (policyId === "new") return { to: `/routes?policy=${saved.policyId}` };
    return "Saved. It holds for incidents that open from now on.";
  });
}

export async function removePolicyAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const { name } = await run(removePolicy, { policyId: text(form, "policyId") });
    return `Removed ${name}.`;
  });
}

export async function movePolicyAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(movePolicy, { policyId: text(form, "policyId"), direction: text(form, "direction") });
    return "Moved.";
  });
}

function parse(form: FormData, field: string): unknown {
  try {
    return JSON.parse(text(form, field).slice(0, 100_000));
  } catch {
    throw new TocsinError("E_INVALID", "The form could not be read: load the page again.", { field });
  }
}
