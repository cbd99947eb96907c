"use client";
import { useState } from "react";
import { Button } from "../../../_ui/button.tsx";
import { goSignIn } from "../../../_ui/go-sign-in.ts";
import { useHydrated } from "../../../_ui/hydrated.ts";

export function SignInButton({ to }: { to: string }) {
  const ready = useHydrated();
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState("");
  async function go() {
    setBusy(true);
    setRefused("");
    const answer = await goSignIn(to).catch(() => ({
      title: "The console did not answer. Check your connection and press the button again.",
    }));
    if (answer === undefined) return;
    setBusy(false);
    setRefused(answer.title);
  }
  return (
    <div className="flex flex-col gap-2">
      <Button look="primary" onClick={go} disabled={!ready || busy} className="w-full">
        {busy ? "Going to your identity provider…" : "Sign in"}
      </Button>
      {refused !== "" && (
        <p role="alert" className="text-sm text-down">
          {refused}
        </p>
      )}
    </div>
  );
}
