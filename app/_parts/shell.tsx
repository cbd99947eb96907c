import Link from "next/link";
import type { ReactNode } from "react";
import { Live } from "../_ui/live.tsx";
import { Logo } from "../_ui/logo.tsx";
import { OpenPalette } from "../_ui/palette.tsx";
import { SignOutButton } from "../_ui/sign-out.tsx";
import { ThemeSwitch } from "../_ui/theme.tsx";
import type { FormAction } from "../_ui/form-state.ts";
import { BottomBar } from "./bottom-bar.tsx";
import { type NavItem, NavLinks } from "./nav-links.tsx";
import { TenantSwitch } from "./tenant-switch.tsx";

export interface ShellProps {
  items: NavItem[];
  /** Open, unacknowledged incidents. */
  open: number;
  /** Approvals that wait for this person. */
  waiting?: number;
  person: { name: string; role: string };
  /** During a visit: one's own things are no part of it. */
  visiting?: boolean;
  seats: { id: string; name: string }[];
  seatId: string;
  chooseTenant: FormAction;
  children: ReactNode;
}

export function Shell({
  items,
  open,
  waiting = 0,
  person,
  visiting = false,
  seats,
  seatId,
  chooseTenant,
  children,
}: ShellProps) {
  const about = (
    <div className="flex flex-col gap-3 border-t pt-3 text-xs">
      <div>
        <p className="truncate font-medium text-ink">{person.name}</p>
        <p className="text-ink-2">{person.role}</p>
        {!visiting && (
          <Link href="/account" className="inline-block py-1 text-ink-2 underline underline-offset-2 hover:text-ink">
            Your sessions
          </Link>
        )}
      </div>
      <div className="flex items-center justify-between gap-2">
        <ThemeSwitch />
        <SignOutButton small />
      </div>
    </div>
  );
  return (
    <div className="md:grid md:grid-cols-[13.5rem_1fr]">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-md focus:bg-panel focus:px-3 focus:py-2"
      >
        Skip to the page
      </a>
      <aside className="sticky top-(--banner,0px) hidden h-[calc(100dvh-var(--banner,0px))] flex-col gap-4 border-r bg-panel p-3 md:flex">
        <div className="flex items-center justify-between px-1 pt-1">
          <Logo />
          <Live />
        </div>
        <TenantSwitch seats={seats} seatId={seatId} action={chooseTenant} />
        <OpenPalette />
        <nav aria-label="Main" className="flex-1 overflow-y-auto">
          <NavLinks items={items} open={open} waiting={waiting} />
        </nav>
        {about}
      </aside>
      <header className="sticky top-(--banner,0px) z-20 flex items-center justify-between gap-3 border-b bg-panel px-4 py-2 md:hidden">
        <Logo size={18} />
        <div className="w-44">
          <TenantSwitch seats={seats} seatId={seatId} action={chooseTenant} />
        </div>
      </header>
      <main
        id="main"
        tabIndex={-1}
        className="mx-auto w-full max-w-6xl min-w-0 px-4 pt-5 pb-24 outline-none md:px-8 md:pt-7 md:pb-12"
      >
        {children}
      </main>
      <BottomBar items={items} open={open} waiting={waiting}>
        {about}
      </BottomBar>
    </div>
  );
}
