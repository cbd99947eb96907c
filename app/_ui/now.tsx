"use client";
import { createContext, useContext, useEffect, useState, type ReactNode } from "react";

const NowContext = createContext<number>(0);

/**
 * The server's clock, carried on by the browser's monotonic one: relative times agree on both sides of hydration and
 * do not believe a viewer's wrong clock. Ticks each 10 s.
 */
export function NowProvider({ serverNow, children }: { serverNow: number; children: ReactNode }) {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const base = performance.now();
    setNow(serverNow);
    const timer = setInterval(() => setNow(serverNow + performance.now() - base), 10_000);
    return () => clearInterval(timer);
  }, [serverNow]);
  return <NowContext.Provider value={now}>{children}</NowContext.Provider>;
}

/** Epoch milliseconds. */
export function useNow(): number {
  return useContext(NowContext);
}
