"use server";
import { challengeSink } from "#lib/commands/sink/challenge";
import { changeSink } from "#lib/commands/sink/change";
import { setFallback } from "#lib/commands/sink/fallback";
import { createSink } from "#lib/commands/sink/create";
import { proveByCode } from "#lib/commands/sink/prove";
import { removeSink } from "#lib/commands/sink/remove";
import { rotateSecret } from "#lib/commands/sink/rotate";
import { startSignIn } from "#lib/commands/sink/sign-in";
import { disableSink, enableSink } from "#lib/commands/sink/switch";
import { testSend } from "#lib/commands/sink/test-send";
import { text } from "../../../_server/action.ts";
import { db } from "../../../_server/db.ts";
import type { FormState } from "../../../_ui/form-state.ts";
import { actInPortal } from "../../_parts/act.ts";

/** "config.<field>" entries as one object without a prototype, so that no field name can be special. */
function config(form: FormData): Record<string, string> {
  const out: Record<string, string> = Object.create(null);
  for (const [key, value] of form)
    if (key.startsWith("config.") && typeof value === "string") out[key.slice(7)] = value;
  return { ...out };
}

export async function portalCreateSink(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalCreateSink", async ({ run }) => {
    const { sinkId } = await run(createSink, {
      kind: text(form, "kind"),
      name: text(form, "name"),
      config: config(form),
    });
    return { to: `/portal/sinks/${sinkId}` };
  });
}

export async function portalChangeSink(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalChangeSink", async ({ run }) => {
    await run(changeSink, { sinkId: text(form, "sinkId"), name: text(form, "name"), config: config(form) });
    return "Saved.";
  });
}

export async function portalTestSend(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalTestSend", async ({ run }) => {
    await run(testSend, { sinkId: text(form, "sinkId") });
    return "Test queued: its delivery is in the list below.";
  });
}

export async function portalDisableSink(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalDisableSink", async ({ run }) => {
    await run(disableSink, { sinkId: text(form, "sinkId") }, text(form, "why"));
    return "Disabled.";
  });
}

export async function portalEnableSink(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalEnableSink", async ({ run }) => {
    await run(enableSink, { sinkId: text(form, "sinkId") });
    return "Enabled.";
  });
}

export async function portalRemoveSink(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalRemoveSink", async ({ run }) => {
    await run(removeSink, { sinkId: text(form, "sinkId") }, text(form, "why"));
    return { to: "/portal/sinks" };
  });
}

export async function portalSetFallback(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalSetFallback", async ({ run }) => {
    await run(setFallback, { sinkId: text(form, "sinkId"), afterMinutes: text(form, "afterMinutes") });
    return "Saved.";
  });
}

export async function portalChallengeSink(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalChallengeSink", async ({ run }) => {
    await run(challengeSink, { sinkId: text(form, "sinkId") });
    return "On its way.";
  });
}

export async function portalProveSink(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalProveSink", async ({ actor }) => {
    await proveByCode(db(), actor, { sinkId: text(form, "sinkId"), code: text(form, "code") });
    return "Proven: notices are delivered here.";
  });
}

export async function portalRotateSecret(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalRotateSecret", async ({ run }) => {
    const { atOnce } = await run(rotateSecret, { sinkId: text(form, "sinkId"), config: config(form) });
    return atOnce ? "Replaced." : "A code was sent with the new secret: enter it to use it.";
  });
}

export async function portalStartSignIn(_: FormState, form: FormData): Promise<FormState> {
  return actInPortal("portalStartSignIn", async ({ run }) => {
    const { url } = await run(startSignIn, { sinkId: text(form, "sinkId") });
    return { to: url };
  });
}
