"use client";
import { Menu } from "lucide-react";
import Link from "next/link";
import { usePathname } from "next/navigation";
import { Dialog } from "radix-ui";
import { useState, type ReactNode } from "react";
import { ICONS, isHere, type NavItem, NavLinks } from "./nav-links.tsx";

const PLACE =
  "flex h-14 flex-col items-center justify-center gap-0.5 text-2xs text-ink-2 aria-[current=page]:font-semibold aria-[current=page]:text-ink";

/** Phone width: the first four pages under the thumb, the rest in a drawer. */
export function BottomBar({
  items,
  open,
  waiting = 0,
  children,
}: {
  items: NavItem[];
  open: number;
  waiting?: number;
  children: ReactNode;
}) {
  const pathname = usePathname();
  const [drawer, setDrawer] = useState(false);
  // The marks of the pages that stand in the drawer.
  const behind = waiting + items.slice(4).reduce((sum, item) => sum + (item.due?.count ?? 0), 0);
  return (
    <nav
      aria-label="Main, phone"
      className="fixed inset-x-0 bottom-0 z-20 grid auto-cols-fr grid-flow-col border-t bg-panel md:hidden"
    >
      {items.slice(0, 4).map((item) => {
        const Icon = ICONS[item.icon];
        return (
          <Link
            key={item.href}
            href={item.href}
            aria-current={isHere(pathname, item.href) ? "page" : undefined}
            className={PLACE}
          >
            <span className="relative">
              <Icon size={18} aria-hidden="true" />
              {item.icon === "now" && open > 0 && (
                <span className="absolute -top-1.5 left-3 rounded-[3px] bg-down px-1 font-mono text-[10px] leading-4 font-semibold text-panel">
                  {open}
                  <span className="sr-only"> open</span>
                </span>
              )}
            </span>
            {item.label}
          </Link>
        );
      })}
      <Dialog.Root open={drawer} onOpenChange={setDrawer}>
        <Dialog.Trigger className={PLACE}>
          <span className="relative">
            <Menu size={18} aria-hidden="true" />
            {behind > 0 && (
              <span className="absolute -top-1.5 left-3 rounded-[3px] border border-line-strong bg-panel px-1 font-mono text-[10px] leading-4 font-semibold text-ink">
                {behind}
                <span className="sr-only"> waiting</span>
              </span>
            )}
          </span>
          More
        </Dialog.Trigger>
        <Dialog.Portal>
          <Dialog.Overlay className="fixed inset-0 z-30 bg-shade" />
          <Dialog.Content
            aria-describedby={undefined}
            className="enter fixed inset-x-0 bottom-0 z-40 flex max-h-[92dvh] flex-col gap-4 overflow-y-auto overscroll-contain rounded-t-xl border-t bg-panel p-4"
          >
            <Dialog.Title className="text-sm font-semibold">All pages</Dialog.Title>
            <NavLinks items={items} open={open} waiting={waiting} onGo={() => setDrawer(false)} />
            {children}
          </Dialog.Content>
        </Dialog.Portal>
      </Dialog.Root>
    </nav>
  );
}
