"use client";
import { useState } from "react";
import { Button } from "./button.tsx";
import { goSignIn } from "./go-sign-in.ts";
import { keepTyped } from "./typed.ts";

/**
 * What matters asks for a fresh sign-in: to the identity provider and back to this page, with what was typed.
 * @param emergency at the emergency door instead: the identity provider does not know who is signed in there
 */
export function ConfirmYou({ form, emergency }: { form: () => HTMLFormElement | null; emergency: boolean }) {
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState("");
  async function go() {
    setBusy(true);
    setRefused("");
    const held = form();
    if (held !== null) keepTyped(held);
    const { pathname, search } = window.location;
    if (emergency) {
      window.location.assign(`/break-glass?to=${encodeURIComponent(pathname + search)}`);
      return;
    }
    const answer = await goSignIn(pathname + search, true).catch(() => ({
      title: "The console did not answer. Check your connection and press the button again.",
    }));
    if (answer === undefined) return;
    setBusy(false);
    setRefused(answer.title);
  }
  return (
    <div
      role="alert"
      className="flex flex-col gap-2 rounded-md border border-degraded bg-degraded-wash px-3 py-2 text-sm"
    >
      <p className="font-medium text-ink">Confirm that it is you</p>
      <p className="text-ink-2">
        This needs a sign-in of the last five minutes. You come back here; what you typed stays, secrets excepted. Then
        press the button again.
      </p>
      <div>
        <Button small onClick={go} disabled={busy}>
          {busy
            ? emergency
              ? "Going to the emergency sign-in…"
              : "Going to your identity provider…"
            : "Sign in again"}
        </Button>
      </div>
      {refused !== "" && <p className="font-medium text-down">{refused}</p>}
    </div>
  );
}
