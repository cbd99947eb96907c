"use client";
import { useState } from "react";
import { Button } from "./button.tsx";
import { useHydrated } from "./hydrated.ts";

export async function signOut(): Promise<void> {
  const { csrfToken } = (await (await fetch("/api/auth/csrf")).json()) as { csrfToken: string };
  await fetch("/api/auth/signout", {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ csrfToken, callbackUrl: "/sign-in?out=1", json: "true" }),
  });
  window.location.assign("/sign-in?out=1");
}

export function SignOutButton({ small = false }: { small?: boolean }) {
  const ready = useHydrated();
  const [failed, setFailed] = useState(false);
  return (
    <>
      <Button small={small} disabled={!ready} onClick={() => signOut().catch(() => setFailed(true))}>
        Sign out
      </Button>
      {failed && (
        <p role="alert" className="text-xs text-down">
          You are still signed in: the console did not answer. Try again.
        </p>
      )}
    </>
  );
}
