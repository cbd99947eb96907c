"use server";
import { acceptTools } from "#lib/commands/server/accept-tools";
import { deleteCredential, setCredential } from "#lib/commands/server/credential";
import { changeServer } from "#lib/commands/server/change";
import { probeNow } from "#lib/commands/server/probe-now";
import { registerServer } from "#lib/commands/server/register";
import { removeServer } from "#lib/commands/server/remove";
import { CREDENTIAL_FORM } from "#lib/domain/credential";
import { act, text } from "../../_server/action.ts";
import type { FormState } from "../../_ui/form-state.ts";

export async function registerServerAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const { serverId, requestId } = await run(registerServer, {
      url: text(form, "url"),
      name: text(form, "name"),
      intervalS: text(form, "intervalS"),
      weight: text(form, "weight"),
    });
    return { to: `/servers/${serverId}?look=${requestId}` };
  });
}

export async function changeServerAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(changeServer, {
      serverId: text(form, "serverId"),
      name: text(form, "name"),
      intervalS: text(form, "intervalS"),
      fireAfter: text(form, "fireAfter"),
      clearAfter: text(form, "clearAfter"),
      weight: text(form, "weight"),
      paused: text(form, "paused") === "on",
    });
    return "Saved.";
  });
}

export async function setCredentialAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(setCredential, {
      serverId: text(form, "serverId"),
      ...Object.fromEntries(CREDENTIAL_FORM.flatMap((name) => (form.has(name) ? [[name, text(form, name)]] : []))),
    });
    return "Credential sealed. The next check presents it.";
  });
}

export async function deleteCredentialAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(deleteCredential, { serverId: text(form, "serverId"), region: text(form, "region") });
    return "Credential deleted. The next check goes without one.";
  });
}

export async function probeNowAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const serverId = text(form, "serverId");
    const { requestId } = await run(probeNow, { serverId });
    return { to: `/servers/${serverId}?look=${requestId}` };
  });
}

export async function acceptToolsAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(acceptTools, {
      serverId: text(form, "serverId"),
      era: text(form, "era"),
      credentialed: text(form, "credentialed") === "true",
      fullHash: text(form, "fullHash"),
    });
    return "Accepted. From now on this list is what is expected.";
  });
}

export async function removeServerAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(removeServer, { serverId: text(form, "serverId") }, text(form, "why"));
    return { to: "/servers" };
  });
}
