"use server";
import { closeBreakGlass } from "#lib/commands/break-glass/close";
import { makeBreakGlass } from "#lib/commands/break-glass/make";
import { makeScimToken } from "#lib/commands/scim/make-token";
import { revokeScimToken } from "#lib/commands/scim/revoke-token";
import { act, text } from "../../_server/action.ts";
import { askInstead } from "../../_server/ask.ts";
import type { FormState } from "../../_ui/form-state.ts";

export async function askBindAction(_: FormState, form: FormData): Promise<FormState> {
  return act((doing) =>
    askInstead(
      doing,
      "role.bind",
      { pattern: text(form, "pattern"), layer: text(form, "layer"), tenantSlug: text(form, "tenantSlug") },
      text(form, "why"),
    ),
  );
}

export async function askUnbindAction(_: FormState, form: FormData): Promise<FormState> {
  return act((doing) => askInstead(doing, "role.unbind", { bindingId: text(form, "bindingId") }, text(form, "why")));
}

export async function makeTokenAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const input = { name: text(form, "name"), days: text(form, "days") };
    const { token } = await run(makeScimToken, input, text(form, "why"));
    return { said: "Made.", secret: token };
  });
}

export async function revokeTokenAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const { name } = await run(revokeScimToken, { tokenId: text(form, "tokenId") }, text(form, "why"));
    return `${name} may no longer write here.`;
  });
}

export async function makeEmergencyAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const { secret } = await run(makeBreakGlass, { name: text(form, "name") }, text(form, "why"));
    return { said: "Made.", secret };
  });
}

export async function closeEmergencyAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const { name } = await run(closeBreakGlass, { accountId: text(form, "accountId") }, text(form, "why"));
    return `${name} is closed.`;
  });
}
