import Link from "next/link";
import type { ReactNode } from "react";
import { now } from "../_server/clock.ts";
import { seated } from "../_server/session.ts";
import { InVisit } from "../_parts/in-visit.tsx";
import { Activity } from "../_ui/activity.tsx";
import { Logo } from "../_ui/logo.tsx";
import { NowProvider } from "../_ui/now.tsx";
import { SignOutButton } from "../_ui/sign-out.tsx";

export const dynamic = "force-dynamic";

/** What is one's own and no tenant's: the same for staff and customers. */
export default async function SelfLayout({ children }: { children: ReactNode }) {
  const who = await seated();
  return (
    <NowProvider serverNow={now().getTime()}>
      <InVisit who={who}>
        <header className="flex flex-wrap items-center justify-between gap-3 border-b bg-panel px-4 py-2">
          <Link href="/" className="flex items-center gap-3 text-sm text-ink-2 hover:text-ink">
            <Logo size={18} /> Back
          </Link>
          <div className="flex items-center gap-3 text-xs text-ink-2">
            <span className="font-medium text-ink">{who.name}</span>
            <SignOutButton small />
          </div>
        </header>
        <main id="main" tabIndex={-1} className="mx-auto w-full max-w-4xl px-4 py-6 outline-none">
          {children}
        </main>
      </InVisit>
      <Activity />
    </NowProvider>
  );
}
