"use server";
import { addHeartbeat } from "#lib/commands/heartbeat/save";
import { removeHeartbeat } from "#lib/commands/heartbeat/remove";
import { act, text } from "../../_server/action.ts";
import type { FormState } from "../../_ui/form-state.ts";

const OF: Record<string, readonly string[]> = { url: ["method"], jsm: ["cloudId", "teamId", "email"] };

export async function addHeartbeatAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const kind = text(form, "kind");
    const own = Object.hasOwn(OF, kind) ? (OF[kind] ?? []) : [];
    const more = Object.fromEntries(own.map((name) => [name, text(form, name).trim()]));
    await run(addHeartbeat, { kind, name: text(form, "name"), secret: text(form, "secret").trim(), ...more });
    return "Added. The first ping goes out within a minute.";
  });
}

export async function removeHeartbeatAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(removeHeartbeat, { heartbeatId: text(form, "heartbeatId") });
    return "Removed.";
  });
}
