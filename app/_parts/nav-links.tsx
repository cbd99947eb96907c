"use client";
import {
  BellRing,
  BookOpenCheck,
  Building2,
  Cpu,
  Eraser,
  FileClock,
  FlaskConical,
  Hand,
  History,
  ListChecks,
  Moon,
  NotebookPen,
  RadioTower,
  PhoneCall,
  Route,
  ScrollText,
  Server,
  Siren,
  ShieldCheck,
  Stamp,
  UserSearch,
  Users,
  Volume2,
} from "lucide-react";
import Link from "next/link";
import { usePathname } from "next/navigation";
import type { Action } from "#lib/domain/permissions";

export const ICONS = {
  now: Siren,
  incidents: ListChecks,
  servers: Server,
  sinks: BellRing,
  routes: Route,
  onCall: PhoneCall,
  silences: Moon,
  sources: RadioTower,
  held: Hand,
  noise: Volume2,
  runbooks: BookOpenCheck,
  drills: FlaskConical,
  postmortems: NotebookPen,
  audit: ScrollText,
  reports: FileClock,
  platform: Cpu,
  erasure: Eraser,
  retention: History,
  visits: UserSearch,
  approvals: Stamp,
  tenants: Building2,
  people: Users,
  roles: ShieldCheck,
};

/** Headings of the navigation, in their order; what is looked at first has none. */
export const GROUPS = ["", "Telling people", "Afterwards", "Proof", "Installation"] as const;
export type Group = (typeof GROUPS)[number];

export interface NavItem {
  label: string;
  href: string;
  permission: Action;
  /** Second key after "g". */
  key: string;
  icon: keyof typeof ICONS;
  /** Under which heading it stands; a router with few pages has none. */
  group?: Group;
  /** What waits there: a number, and the word that a screen reader says after it. */
  due?: { count: number; word: string };
}

/** A router's first page is the start of every other's address. */
const FIRST = new Set(["/", "/portal"]);

export function isHere(pathname: string, href: string): boolean {
  return pathname === href || (!FIRST.has(href) && pathname.startsWith(`${href}/`));
}

export function NavLinks({
  items,
  open,
  waiting = 0,
  onGo,
}: {
  items: NavItem[];
  open: number;
  waiting?: number;
  onGo?: () => void;
}) {
  const groups = GROUPS.map((group) => ({ group, of: items.filter((item) => (item.group ?? "") === group) }));
  return groups
    .filter(({ of }) => of.length > 0)
    .map(({ group, of }) => (
      <div key={group} className="not-first:mt-3">
        {group !== "" && <p className="px-2.5 pb-1 text-2xs font-medium tracking-wide text-ink-2">{group}</p>}
        <NavList items={of} open={open} waiting={waiting} {...(onGo === undefined ? {} : { onGo })} />
      </div>
    ));
}

function NavList({
  items,
  open,
  waiting,
  onGo,
}: {
  items: NavItem[];
  open: number;
  waiting: number;
  onGo?: () => void;
}) {
  const pathname = usePathname();
  return (
    <ul className="flex flex-col gap-0.5">
      {items.map((item) => {
        const Icon = ICONS[item.icon];
        const here = isHere(pathname, item.href);
        return (
          <li key={item.href}>
            <Link
              href={item.href}
              {...(onGo === undefined ? {} : { onClick: onGo })}
              aria-current={here ? "page" : undefined}
              className="flex h-9 items-center gap-2.5 rounded-md px-2.5 text-sm text-ink-2 hover:bg-raised hover:text-ink aria-[current=page]:bg-raised aria-[current=page]:font-medium aria-[current=page]:text-ink md:h-8"
            >
              <Icon size={15} aria-hidden="true" />
              {item.label}
              {item.icon === "now" && open > 0 && (
                <span className="ml-auto inline-flex h-5 min-w-5 items-center justify-center rounded-[3px] bg-down px-1 font-mono text-2xs font-semibold text-panel">
                  {open}
                  <span className="sr-only"> open</span>
                </span>
              )}
              {item.due !== undefined && item.due.count > 0 && (
                <span className="ml-auto inline-flex h-5 min-w-5 items-center justify-center rounded-[3px] border border-line-strong px-1 font-mono text-2xs font-semibold text-ink">
                  {item.due.count}
                  <span className="sr-only"> {item.due.word}</span>
                </span>
              )}
              {item.icon === "approvals" && waiting > 0 && (
                <span className="ml-auto inline-flex h-5 min-w-5 items-center justify-center rounded-[3px] border border-line-strong px-1 font-mono text-2xs font-semibold text-ink">
                  {waiting}
                  <span className="sr-only"> waiting for you</span>
                </span>
              )}
            </Link>
          </li>
        );
      })}
    </ul>
  );
}
