"use client";
import { useEffect } from "react";

const AT_MOST_EVERY_MS = 60_000;

/**
 * Tells the server that a person is here, at most once a minute. Live refreshes do not count as activity, so a
 * console left open still signs itself out.
 */
export function Activity() {
  useEffect(() => {
    let last = performance.now();
    const seen = () => {
      if (performance.now() - last < AT_MOST_EVERY_MS) return;
      last = performance.now();
      void fetch("/api/seen", { method: "POST" }).catch(() => {});
    };
    const events = ["pointerdown", "keydown", "wheel"] as const;
    for (const name of events) window.addEventListener(name, seen, { passive: true });
    return () => {
      for (const name of events) window.removeEventListener(name, seen);
    };
  }, []);
  return null;
}
