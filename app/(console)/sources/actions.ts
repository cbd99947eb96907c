"use server";
import { addSource } from "#lib/commands/source/add";
import { changeSource } from "#lib/commands/source/change";
import { revokeSource } from "#lib/commands/source/revoke";
import { act, text } from "../../_server/action.ts";
import type { FormState } from "../../_ui/form-state.ts";

const form4 = (form: FormData) => ({
  name: text(form, "name"),
  defaultSeverity: text(form, "defaultSeverity"),
  perMinute: text(form, "perMinute"),
  resolveAfterS: text(form, "resolveAfterS"),
});

export async function addSourceAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run, actor }) => {
    const kind = text(form, "kind");
    const { id, token, signingSecret } = await run(addSource, { kind, ...form4(form) });
    if (kind !== "generic") return { said: "Added.", secret: token };
    return {
      said: "Added.",
      secret: `${token} — to sign instead: ${signingSecret}, with ?source=${actor.tenantId}.${id}`,
    };
  });
}

export async function changeSourceAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(changeSource, { sourceId: text(form, "sourceId"), ...form4(form) });
    return "Saved.";
  });
}

export async function revokeSourceAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const { name } = await run(revokeSource, { sourceId: text(form, "sourceId") });
    return `${name} is turned away from its next request on.`;
  });
}
