"use client";
import { useEffect, useState } from "react";
import { useNow } from "./now.tsx";
import { relative, spell, utc } from "./time-words.ts";

/** Epoch milliseconds in; relative by default, the viewer's own time and UTC on hover. */
export function Moment({ at, exact = false }: { at: number; exact?: boolean }) {
  const now = useNow();
  const [local, setLocal] = useState<string | null>(null);
  useEffect(() => {
    setLocal(new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" }));
  }, [at]);
  const title = local === null ? utc(at) : `${local} · ${utc(at)}`;
  return (
    <time dateTime={new Date(at).toISOString()} title={title} className="whitespace-nowrap">
      {exact ? (local ?? utc(at)) : relative(at, now)}
    </time>
  );
}

/** How long something has lasted, or lasted when it has ended. */
export function Lasted({ from, to }: { from: number; to: number | null }) {
  const now = useNow();
  return <span className="whitespace-nowrap tabular">{spell(Math.max(0, (to ?? now) - from))}</span>;
}
