"use server";
import { endInboundSecret, setInboundSecret } from "#lib/commands/sink/inbound-secret";
import { act, text } from "../../_server/action.ts";
import type { FormState } from "../../_ui/form-state.ts";

export async function setInboundSecretAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    const given = { sinkId: text(form, "sinkId"), secret: text(form, "secret") };
    const { token, formerUntil } = await run(setInboundSecret, given);
    const said = formerUntil === null ? "Saved." : "Saved. The former one holds for another day.";
    return token === null ? said : { said, secret: token };
  });
}

export async function endInboundSecretAction(_: FormState, form: FormData): Promise<FormState> {
  return act(async ({ run }) => {
    await run(endInboundSecret, { sinkId: text(form, "sinkId"), which: text(form, "which") });
    return "Taken away.";
  });
}
