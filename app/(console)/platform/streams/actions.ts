"use server";
import { addAuditStream } from "#lib/commands/audit-stream/add";
import { changeAuditStream } from "#lib/commands/audit-stream/change";
import { removeAuditStream } from "#lib/commands/audit-stream/remove";
import { testAuditStream } from "#lib/commands/audit-stream/test-send";
import { act, text } from "../../../_server/action.ts";
import type { FormState } from "../../../_ui/form-state.ts";

/** "config.<field>" entries as one object without a prototype, so that no field name can be special. */
function config(form: FormData): Record<string, string> {
  const out: Record<string, string> = Object.create(null);
  for (const [key, value] of form)
    if (key.startsWith("config.") && typeof value === "string") out[key.slice(7)] = value;
  return { ...out };
}

export async function addStreamAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const input = { kind: text(form, "kind"), name: text(form, "name"), config: config(form) };
    await run(addAuditStream, input, text(form, "why"));
    return { to: "/platform/streams" };
  });
}

export async function changeStreamAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const input = { streamId: text(form, "streamId"), name: text(form, "name"), config: config(form) };
    await run(changeAuditStream, input, text(form, "why"));
    return "Saved. What waits is sent there from now on.";
  });
}

export async function testStreamAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(testAuditStream, { streamId: text(form, "streamId") });
    return "The worker sends a test within ten seconds: its result stands beside the stream.";
  });
}

export async function removeStreamAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(removeAuditStream, { streamId: text(form, "streamId") }, text(form, "why"));
    return { to: "/platform/streams" };
  });
}
