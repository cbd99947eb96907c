"use server";
import { redriveDelivery } from "#lib/commands/delivery/redrive";
import { challengeSink } from "#lib/commands/sink/challenge";
import { changeSink } from "#lib/commands/sink/change";
import { setFallback } from "#lib/commands/sink/fallback";
import { redriveAll } from "#lib/commands/delivery/redrive-all";
import { createSink } from "#lib/commands/sink/create";
import { proveByCode } from "#lib/commands/sink/prove";
import { removeSink } from "#lib/commands/sink/remove";
import { rotateSecret } from "#lib/commands/sink/rotate";
import { startSignIn } from "#lib/commands/sink/sign-in";
import { disableSink, enableSink } from "#lib/commands/sink/switch";
import { testSend } from "#lib/commands/sink/test-send";
import { act, text } from "../../_server/action.ts";
import { db } from "../../_server/db.ts";
import type { FormState } from "../../_ui/form-state.ts";

/** "config.<field>" entries as one object without a prototype, so that no field name can be special. */
function config(form: FormData): Record<string, string> {
  const out: Record<string, string> = Object.create(null);
  for (const [key, value] of form)
    if (key.startsWith("config.") && typeof value === "string") out[key.slice(7)] = value;
  return { ...out };
}

export async function createSinkAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const { sinkId } = await run(createSink, {
      kind: text(form, "kind"),
      name: text(form, "name"),
      config: config(form),
    });
    return { to: `/sinks/${sinkId}` };
  });
}

export async function changeSinkAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(changeSink, { sinkId: text(form, "sinkId"), name: text(form, "name"), config: config(form) });
    return "Saved.";
  });
}

export async function testSendAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(testSend, { sinkId: text(form, "sinkId") });
    return "Test queued: its delivery is in the list below.";
  });
}

export async function disableSinkAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(disableSink, { sinkId: text(form, "sinkId") }, text(form, "why"));
    return "Disabled.";
  });
}

export async function enableSinkAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(enableSink, { sinkId: text(form, "sinkId") });
    return "Enabled.";
  });
}

export async function removeSinkAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(removeSink, { sinkId: text(form, "sinkId") }, text(form, "why"));
    return { to: "/sinks" };
  });
}

export async function redriveAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(redriveDelivery, { deliveryId: text(form, "deliveryId") });
    return "Queued to be sent again.";
  });
}

export async function redriveAllAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const { deliveries } = await run(redriveAll, { sinkId: text(form, "sinkId") });
    return deliveries === 1 ? "1 is queued to be sent again." : `${deliveries} are queued to be sent again.`;
  });
}

export async function fallbackAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(setFallback, { sinkId: text(form, "sinkId"), afterMinutes: text(form, "afterMinutes") });
    return "Saved.";
  });
}

export async function challengeSinkAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(challengeSink, { sinkId: text(form, "sinkId") });
    return "On its way.";
  });
}

export async function proveSinkAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ actor }) => {
    await proveByCode(db(), actor, { sinkId: text(form, "sinkId"), code: text(form, "code") });
    return "Proven: notices are delivered here.";
  });
}

export async function rotateSecretAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const { atOnce } = await run(rotateSecret, { sinkId: text(form, "sinkId"), config: config(form) });
    return atOnce ? "Replaced." : "A code was sent with the new secret: enter it to use it.";
  });
}

export async function startSignInAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const { url } = await run(startSignIn, { sinkId: text(form, "sinkId") });
    return { to: url };
  });
}
