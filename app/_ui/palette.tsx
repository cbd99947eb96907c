"use client";
import { Command } from "cmdk";
import { Search } from "lucide-react";
import { useRouter } from "next/navigation";
import { useEffect, useState } from "react";

export interface PaletteEntry {
  group: string;
  label: string;
  href: string;
  keys?: string;
}

/** Parts what is searched from what only keeps two entries of one name apart. */
const APART = " → ";

export const OPEN_PALETTE = "tocsin:palette";

/** Plain words instead of letters found anywhere: a name is either there or it is not. */
function holdsEveryWord(value: string, search: string): number {
  const held = value.slice(0, value.lastIndexOf(APART)).toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => held.includes(word))
    ? 1
    : 0;
}

/** Ctrl K or ⌘K: any page, server or open incident by typing a part of its name. */
export function Palette({ entries }: { entries: PaletteEntry[] }) {
  const router = useRouter();
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        setOpen((was) => !was);
      }
    };
    const show = () => setOpen(true);
    window.addEventListener("keydown", key);
    window.addEventListener(OPEN_PALETTE, show);
    return () => {
      window.removeEventListener("keydown", key);
      window.removeEventListener(OPEN_PALETTE, show);
    };
  }, []);
  const groups = [...new Set(entries.map((entry) => entry.group))];
  return (
    <Command.Dialog
      open={open}
      onOpenChange={setOpen}
      label="Go to or do"
      loop
      filter={holdsEveryWord}
      overlayClassName="fixed inset-0 z-40 bg-shade"
      contentClassName="enter fixed top-[12dvh] left-1/2 z-50 w-[calc(100vw-2rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-lg border bg-panel shadow-xl"
    >
      <div className="flex items-center gap-2 border-b px-3">
        <Search size={15} aria-hidden="true" className="text-ink-3" />
        <Command.Input
          placeholder="A page, a server, an incident…"
          className="h-11 flex-1 bg-transparent text-sm outline-none placeholder:text-ink-3"
        />
      </div>
      <Command.List className="max-h-[50dvh] overflow-y-auto p-1.5">
        <Command.Empty className="px-3 py-6 text-center text-sm text-ink-2">Nothing by that name.</Command.Empty>
        {groups.map((group) => (
          <Command.Group
            key={group}
            heading={group}
            className="[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:py-1.5 [&_[cmdk-group-heading]]:text-2xs [&_[cmdk-group-heading]]:text-ink-2"
          >
            {entries
              .filter((entry) => entry.group === group)
              .map((entry) => (
                <Command.Item
                  key={entry.href + entry.label}
                  value={`${entry.label}${APART}${entry.href}`}
                  onSelect={() => {
                    setOpen(false);
                    router.push(entry.href);
                  }}
                  className="flex h-9 cursor-pointer items-center justify-between gap-3 rounded-md px-2 text-sm data-[selected=true]:bg-raised"
                >
                  <span className="truncate">{entry.label}</span>
                  {entry.keys !== undefined && <kbd className="font-mono text-2xs text-ink-2">{entry.keys}</kbd>}
                </Command.Item>
              ))}
          </Command.Group>
        ))}
      </Command.List>
    </Command.Dialog>
  );
}

export function OpenPalette() {
  return (
    <button
      type="button"
      onClick={() => window.dispatchEvent(new Event(OPEN_PALETTE))}
      className="flex h-8 items-center justify-between rounded-md border px-2.5 text-xs text-ink-2 hover:bg-raised"
    >
      <span className="inline-flex items-center gap-2">
        <Search size={13} aria-hidden="true" /> Go to or do
      </span>
      <kbd className="font-mono text-2xs">Ctrl K</kbd>
    </button>
  );
}
