"use client";
import { useRouter } from "next/navigation";
import { Dialog } from "radix-ui";
import { useEffect, useRef, useState } from "react";

export interface GotoKey {
  key: string;
  href: string;
  label: string;
}
const WAIT_MS = 1200;

/** g then a letter: go; j/k and Enter: rows; a letter that a button on the page names: that button; ?: this list. */
export function Shortcuts({ goto }: { goto: GotoKey[] }) {
  const router = useRouter();
  const [help, setHelp] = useState(false);
  const pendingG = useRef(0);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector("[role=dialog],[role=alertdialog]") !== null && event.key !== "Escape") return;
      if (pendingG.current > 0 && performance.now() - pendingG.current < WAIT_MS) {
        pendingG.current = 0;
        const target = goto.find((g) => g.key === event.key);
        if (target !== undefined) {
          event.preventDefault();
          router.push(target.href);
        }
        return;
      }
      if (event.key === "g") pendingG.current = performance.now();
      else if (event.key === "?") setHelp(true);
      else if (event.key === "/") {
        const search = document.querySelector<HTMLElement>("[data-search]");
        if (search !== null) event.preventDefault();
        search?.focus();
      } else if (event.key === "j" || event.key === "k") step(event.key === "j" ? 1 : -1);
      else if (event.key === "Enter" && !isControl(event.target)) {
        const href = document.querySelector<HTMLElement>('[data-here="true"]')?.dataset.row;
        if (href) router.push(href);
      } else if (event.key === "x") {
        document.querySelector<HTMLElement>('[data-here="true"] input[type="checkbox"]')?.click();
      } else if (/^[a-z]$/.test(event.key)) {
        const button = document.querySelector<HTMLElement>(`[data-shortcut="${event.key}"]`);
        if (button !== null) {
          event.preventDefault();
          button.click();
        }
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [goto, router]);
  const rows: [string, string][] = [
    ["Ctrl K", "Go to or do anything"],
    ...goto.map((g): [string, string] => [`g ${g.key}`, g.label]),
    ["j / k", "Next, previous row"],
    ["Enter", "Open the row"],
    ["x", "Select the row"],
    ["a", "Acknowledge the incident on the page, or those selected"],
    ["/", "Search the table on the page"],
    ["?", "This list"],
  ];
  return (
    <Dialog.Root open={help} onOpenChange={setHelp}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-shade" />
        <Dialog.Content
          aria-describedby={undefined}
          className="enter fixed top-1/2 left-1/2 z-50 w-[calc(100vw-2rem)] max-w-sm -translate-x-1/2 -translate-y-1/2 rounded-lg border bg-panel p-5 shadow-xl"
        >
          <Dialog.Title className="text-lg font-semibold">Keyboard</Dialog.Title>
          <dl className="mt-3 grid grid-cols-[auto_1fr] gap-x-5 gap-y-1.5 text-sm">
            {rows.map(([keys, what]) => (
              <div key={keys} className="contents">
                <dt>
                  <kbd className="font-mono text-xs">{keys}</kbd>
                </dt>
                <dd className="text-ink-2">{what}</dd>
              </div>
            ))}
          </dl>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(A|BUTTON|SUMMARY)$/.test(target.tagName);
}

function step(by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  if (rows.length === 0) return;
  const at = rows.findIndex((row) => row.dataset.here === "true");
  const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.max(0, Math.min(rows.length - 1, at + by))];
  for (const row of rows) delete row.dataset.here;
  if (next === undefined) return;
  next.dataset.here = "true";
  next.scrollIntoView({ block: "nearest" });
  next.querySelector<HTMLElement>("a")?.focus({ preventScroll: true });
}
