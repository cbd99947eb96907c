"use client";
import { useSyncExternalStore } from "react";

const never = () => () => {};

/** False until the page's scripts run: a button that needs them is disabled so long, so that no press is lost. */
export function useHydrated(): boolean {
  return useSyncExternalStore(
    never,
    () => true,
    () => false,
  );
}
