"use client";
import { useRouter } from "next/navigation";
import { useEffect, useRef, useState } from "react";
import { TROUBLE } from "./trouble.tsx";

const SETTLE_MS = 250;
const AT_LEAST_EVERY_MS = 1500;

/**
 * Follows the tenant's changes over server-sent events and refreshes the page's data: 250 ms after the last wake-up,
 * and no later than 1.5 s after the first. The browser reconnects by itself; a reconnect refreshes too.
 */
export function Live() {
  const router = useRouter();
  const [state, setState] = useState<"joining" | "live" | "lost">("joining");
  const first = useRef<number | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let opened = false;
    const refresh = () => {
      clearTimeout(timer);
      first.current ??= performance.now();
      const left = AT_LEAST_EVERY_MS - (performance.now() - first.current);
      timer = setTimeout(
        () => {
          first.current = null;
          router.refresh();
        },
        Math.max(0, Math.min(SETTLE_MS, left)),
      );
    };
    const source = new EventSource("/api/live");
    source.addEventListener("open", () => {
      if (opened) refresh();
      opened = true;
      setState("live");
    });
    source.addEventListener("change", refresh);
    source.addEventListener("trouble", (event) =>
      window.dispatchEvent(new CustomEvent(TROUBLE, { detail: JSON.parse((event as MessageEvent<string>).data) })),
    );
    // The session ended: the refresh meets the sign-in page.
    source.addEventListener("ended", () => {
      source.close();
      router.refresh();
    });
    source.addEventListener("error", () => setState("lost"));
    return () => {
      clearTimeout(timer);
      source.close();
    };
  }, [router]);
  const words = { joining: "Connecting", live: "Live", lost: "Reconnecting" }[state];
  return (
    <span
      className="inline-flex items-center gap-1.5 text-xs text-ink-2"
      role="status"
      title={
        state === "live"
          ? "This page follows changes as they happen"
          : "Shown data may be old until the connection is back"
      }
    >
      <span
        aria-hidden="true"
        className={state === "live" ? "size-1.5 rounded-full bg-ink-2" : "size-1.5 rounded-full border border-ink-2"}
      />
      {words}
    </span>
  );
}
