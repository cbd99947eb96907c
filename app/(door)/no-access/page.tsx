import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { viewer } from "../../_server/session.ts";
import { FullPage } from "../../_ui/full-page.tsx";
import { SignOutButton } from "../../_ui/sign-out.tsx";

export const metadata: Metadata = { title: "No access yet" };

export default async function NoAccessPage() {
  const who = await viewer();
  if (who === null) redirect("/sign-in");
  if (who.seat !== null) redirect("/");
  return (
    <FullPage title="You have no access yet">
      <p>
        You are signed in as <strong className="text-ink">{who.name}</strong>, but your identity provider puts you in
        none of the groups this console knows.
      </p>
      <p>
        Ask for one of: <code className="font-mono text-ink">tocsin-operator-&lt;tenant&gt;</code>,{" "}
        <code className="font-mono text-ink">tocsin-customer-&lt;tenant&gt;</code>,{" "}
        <code className="font-mono text-ink">tocsin-auditor</code>,{" "}
        <code className="font-mono text-ink">tocsin-root</code>. Then sign out and in again.
      </p>
      <SignOutButton />
    </FullPage>
  );
}
