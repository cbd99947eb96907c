import type { Metadata } from "next";
import Link from "next/link";
import { redirect } from "next/navigation";
import { issuerHost } from "../../_server/issuer.ts";
import { ownPath } from "../../_server/own-path.ts";
import { viewer } from "../../_server/session.ts";
import { FullPage } from "../../_ui/full-page.tsx";
import { SignInButton } from "./_parts/sign-in-button.tsx";

export const metadata: Metadata = { title: "Sign in" };

const SENTENCES: Record<string, string> = {
  E_FORBIDDEN: "Your account is disabled here. Ask whoever runs this console to enable it.",
  E_OIDC_CHECK: "This sign-in was not begun in this browser, or is too old. Sign in again from the start.",
  E_ID_TOKEN:
    "The identity provider's answer does not hold, or it did not ask again who you are. Try again; if it stays, the operator finds the cause in the console's log.",
  E_UNAVAILABLE:
    "The identity provider cannot be reached, or the console could not write. Try again in a moment; if it stays, the operator finds the cause in the console's log.",
  E_RATE_LIMITED: "Too many tries from here. Wait a minute and try again.",
  E_CONFIG: "Sign-in is not set up right. The operator finds the cause in the console's log.",
  Configuration: "Sign-in is not set up right. The operator finds the cause in the console's log.",
};

type Params = Promise<Record<string, string | string[] | undefined>>;

export default async function SignInPage({ searchParams }: { searchParams: Params }) {
  if ((await viewer()) !== null) redirect("/");
  const query = await searchParams;
  const error =
    typeof query.error === "string"
      ? Object.hasOwn(SENTENCES, query.error)
        ? SENTENCES[query.error]
        : "Sign-in did not work. Try again."
      : null;
  const to = ownPath(query.to);
  const out = query.out === "1";
  return (
    <FullPage title={out ? "You are signed out" : "Sign in"}>
      <p>What is wrong with your MCP servers, who was told, and why.</p>
      {error !== null && (
        <p role="alert" className="rounded-md border border-down bg-down-wash px-3 py-2 text-ink">
          {error}
        </p>
      )}
      <SignInButton to={to} />
      <p className="text-xs">
        You are sent to your identity provider at <span className="font-mono text-ink">{issuerHost()}</span> and back. A
        session ends after 30 minutes without activity, and after 12 hours in any case.
      </p>
      <p className="text-xs">
        <Link href="/break-glass" className="underline underline-offset-2 hover:text-ink">
          Emergency sign-in
        </Link>
      </p>
    </FullPage>
  );
}
