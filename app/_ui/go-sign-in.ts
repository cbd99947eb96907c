"use client";
// The way to the identity provider, from a browser: asks for the token against forged sign-ins, then goes.
export type Refused = { title: string };

/**
 * @param again asks the provider for a new proof of who this is
 * @returns only when the console refused; else the page is left
 */
export async function goSignIn(to: string, again = false): Promise<Refused | undefined> {
  const { csrfToken } = (await (await fetch("/api/auth/csrf")).json()) as { csrfToken: string };
  const answer = await fetch(`/api/auth/signin/oidc${again ? "?again=1" : ""}`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ csrfToken, callbackUrl: to, json: "true" }),
  });
  const { url, title } = (await answer.json()) as { url?: string; title?: string };
  if (!answer.ok || url === undefined) return { title: title ?? "The console did not answer. Try again." };
  window.location.assign(url);
  return undefined;
}
