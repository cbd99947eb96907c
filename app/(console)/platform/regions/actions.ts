"use server";
import { addRegion } from "#lib/commands/region/add";
import { changeRegion } from "#lib/commands/region/change";
import { makeRegionToken } from "#lib/commands/region/make-token";
import { revokeRegionToken } from "#lib/commands/region/revoke-token";
import { act, text } from "../../../_server/action.ts";
import type { FormState } from "../../../_ui/form-state.ts";

export async function addRegionAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const input = { name: text(form, "name"), city: text(form, "city"), kind: text(form, "kind") };
    const { city } = await run(addRegion, input, text(form, "why"));
    return `${city} is added. Servers are looked at from there as soon as somebody looks there.`;
  });
}

export async function changeRegionAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const input = { name: text(form, "name"), city: text(form, "city"), enabled: text(form, "enabled") === "on" };
    const { city, enabled } = await run(changeRegion, input, text(form, "why"));
    return `Saved. ${city} ${enabled ? "is in use" : "is asked nothing more from the next minute on"}.`;
  });
}

export async function makeRegionTokenAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const input = { region: text(form, "region"), name: text(form, "name") };
    const { token } = await run(makeRegionToken, input, text(form, "why"));
    return { said: "Made.", secret: token };
  });
}

export async function revokeRegionTokenAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const { name } = await run(revokeRegionToken, { tokenId: text(form, "tokenId") }, text(form, "why"));
    return `${name} is turned away from its next request on.`;
  });
}
