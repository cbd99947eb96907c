"use client";
import { useState } from "react";
import { Button } from "../../../_ui/button.tsx";
import { useHydrated } from "../../../_ui/hydrated.ts";

/** Asks for the token against forged sign-ins, then goes where the identity provider is. */
export function SignInButton({ to }: { to: string }) {
  const ready = useHydrated();
  const [state, setState] = useState<"idle" | "busy" | "failed">("idle");
  async function go() {
    setState("busy");
    try {
      const { csrfToken } = (await (await fetch("/api/auth/csrf")).json()) as { csrfToken: string };
      const answer = await fetch("/api/auth/signin/oidc", {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams({ csrfToken, callbackUrl: to, json: "true" }),
      });
      const { url } = (await answer.json()) as { url: string };
      window.location.assign(url);
    } catch {
      setState("failed");
    }
  }
  return (
    <div className="flex flex-col gap-2">
      <Button look="primary" onClick={go} disabled={!ready || state === "busy"} className="w-full">
        {state === "busy" ? "Going to your identity provider…" : "Sign in"}
      </Button>
      {state === "failed" && (
        <p role="alert" className="text-sm text-down">
          The console did not answer. Check your connection and press the button again.
        </p>
      )}
    </div>
  );
}
