"use client";
import { useRouter } from "next/navigation";
import { useEffect, useState } from "react";

const spelled = (ms: number): string => {
  const s = Math.max(0, Math.ceil(ms / 1000));
  return `${String(Math.floor(s / 60)).padStart(2, "0")}:${String(s % 60).padStart(2, "0")}`;
};

/** Carried on by the browser's monotonic clock: a wrong wall clock shows nothing wrong. At zero the page asks again. */
export function Countdown({ leftMs, until }: { leftMs: number; until: string }) {
  const router = useRouter();
  const [left, setLeft] = useState(leftMs);
  useEffect(() => {
    const from = performance.now();
    const timer = setInterval(() => {
      const now = leftMs - (performance.now() - from);
      setLeft(now);
      if (now > 0) return;
      clearInterval(timer);
      router.refresh();
    }, 1000);
    return () => clearInterval(timer);
  }, [leftMs, router]);
  return (
    <>
      <span aria-hidden="true">{spelled(left)} left</span>
      <span className="sr-only">Ends at {until} UTC at the latest</span>
    </>
  );
}
