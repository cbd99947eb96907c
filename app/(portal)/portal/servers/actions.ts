"use server";
import { acceptTools } from "#lib/commands/server/accept-tools";
import { deleteCredential, setCredential } from "#lib/commands/server/credential";
import { changeServer } from "#lib/commands/server/change";
import { probeNow } from "#lib/commands/server/probe-now";
import { registerServer } from "#lib/commands/server/register";
import { removeServer } from "#lib/commands/server/remove";
import { CREDENTIAL_FORM } from "#lib/domain/credential";
import { text } from "../../../_server/action.ts";
import type { FormState } from "../../../_ui/form-state.ts";
import { actInPortal } from "../../_parts/act.ts";

export async function portalRegisterServer(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalRegisterServer", async ({ run }) => {
    const { serverId, requestId } = await run(registerServer, {
      url: text(form, "url"),
      name: text(form, "name"),
      intervalS: text(form, "intervalS"),
      weight: text(form, "weight"),
    });
    return { to: `/portal/servers/${serverId}?look=${requestId}` };
  });
}

export async function portalChangeServer(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalChangeServer", async ({ run }) => {
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

export async function portalSetCredential(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalSetCredential", async ({ run }) => {
    await run(setCredential, {
      serverId: text(form, "serverId"),
      ...Object.fromEntries(CREDENTIAL_FORM.flatMap((name) => (form.has(name) ? [[name, text(form, name)]] : []))),
    });
    return "Credential sealed. The next check presents it.";
  });
}

export async function portalDeleteCredential(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalDeleteCredential", async ({ run }) => {
    await run(deleteCredential, { serverId: text(form, "serverId"), region: text(form, "region") });
    return "Credential deleted. The next check goes without one.";
  });
}

export async function portalProbeNow(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalProbeNow", async ({ run }) => {
    const serverId = text(form, "serverId");
    const { requestId } = await run(probeNow, { serverId });
    return { to: `/portal/servers/${serverId}?look=${requestId}` };
  });
}

export async function portalAcceptTools(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalAcceptTools", async ({ run }) => {
    await run(acceptTools, {
      serverId: text(form, "serverId"),
      era: text(form, "era"),
      credentialed: text(form, "credentialed") === "true",
      fullHash: text(form, "fullHash"),
    });
    return "Accepted. From now on this list is what is expected.";
  });
}

export async function portalRemoveServer(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalRemoveServer", async ({ run }) => {
    await run(removeServer, { serverId: text(form, "serverId") }, text(form, "why"));
    return { to: "/portal/servers" };
  });
}
